import { useEffect, useRef } from 'react'
import uPlot from 'uplot'
import 'uplot/dist/uPlot.min.css'
import { type DayOfUse, dayInWords } from './usage-days.ts'

const height = 170
const compact = new Intl.NumberFormat('en', { notation: 'compact' })

/** The tokens of each day as bars. */
export function UsagePlot({ days, label }: { days: readonly DayOfUse[]; label: string }) {
  const frame = useRef<HTMLDivElement>(null)
  useEffect(() => {
    const element = frame.current
    if (element === null) return
    const plot = new uPlot(optionsFor(element, days), [[...days.keys()], days.map(({ tokens }) => tokens)], element)
    const observer = new ResizeObserver(() => plot.setSize({ width: element.clientWidth, height }))
    observer.observe(element)
    const darkness = matchMedia('(prefers-color-scheme: dark)')
    const redraw = () => plot.redraw()
    darkness.addEventListener('change', redraw)
    return () => {
      darkness.removeEventListener('change', redraw)
      observer.disconnect()
      plot.destroy()
    }
  }, [days])
  return <div ref={frame} className="plot" role="img" aria-label={label} />
}

function optionsFor(element: HTMLElement, days: readonly DayOfUse[]): uPlot.Options {
  // A canvas cannot read the variables of the style sheet, so each colour is read from a property of the element.
  const style = getComputedStyle(element)
  const axis: uPlot.Axis = {
    stroke: () => style.outlineColor,
    font: '12px system-ui, sans-serif',
    ticks: { show: false },
  }
  const bars = uPlot.paths.bars?.({ size: [0.7, 40] })
  return {
    width: element.clientWidth,
    height,
    legend: { show: false },
    cursor: { show: false },
    scales: {
      x: { time: false, range: () => [-0.6, days.length - 0.4] },
      y: { range: (_plot, _min, max) => [0, Math.max(max * 1.05, 1)] },
    },
    axes: [
      {
        ...axis,
        grid: { show: false },
        incrs: [1, 2, 7, 14, 28],
        space: 48,
        size: 28,
        values: (_plot, splits) => splits.map((index) => dayInWords(days[index]?.day)),
      },
      {
        ...axis,
        grid: { stroke: () => style.borderTopColor, width: 1 },
        incrs: [...Array(10).keys()].flatMap((zeros) => [1, 2, 5].map((first) => first * 10 ** zeros)),
        values: (_plot, splits) => splits.map((tokens) => compact.format(tokens)),
      },
    ],
    series: [{}, { fill: () => style.color, width: 0, paths: bars, points: { show: false } }],
  }
}
