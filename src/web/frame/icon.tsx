const paths = {
  attach: 'M20 11.5 12.2 19.3a5 5 0 0 1-7.1-7.1L13.4 4a3.3 3.3 0 0 1 4.7 4.7L9.9 16.9a1.7 1.7 0 0 1-2.4-2.4L15 7',
  branch: 'M7 4v9m0 0a3 3 0 1 0 0 6 3 3 0 0 0 0-6Zm10-9a3 3 0 1 0 0 6 3 3 0 0 0 0-6Zm0 6c0 4-4 5-8 5',
  check: 'm5 12.5 4.5 4.5L19 7.5',
  close: 'm6 6 12 12M18 6 6 18',
  code: 'm8 7-5 5 5 5m8-10 5 5-5 5',
  copy: 'M9 9h10v11H9zM5 15V4h10',
  down: 'm6 9.5 6 6 6-6',
  edit: 'M4 20h4L19 9l-4-4L4 16v4Zm9-13 4 4',
  left: 'm14.5 6-6 6 6 6',
  menu: 'M4 7h16M4 12h16M4 17h16',
  more: 'M6 12h.01M12 12h.01M18 12h.01',
  people:
    'M9 11a3.5 3.5 0 1 0 0-7 3.5 3.5 0 0 0 0 7Zm-6 9c0-4 3-6 6-6s6 2 6 6m0-16a3.5 3.5 0 0 1 0 7m3 9c0-3-1-5-3-5.700',
  plus: 'M12 5v14M5 12h14',
  regenerate: 'M19 12a7 7 0 1 1-2-5l2 2m0-4.500V9h-4.500',
  right: 'm9.500 6 6 6-6 6',
  search: 'M11 18a7 7 0 1 0 0-14 7 7 0 0 0 0 14Zm5-2 4.500 4.500',
  send: 'M12 19V5m0 0-6 6m6-6 6 6',
  settings: 'M4 8h9m4 0h3M4 16h3m4 0h9M15 6v4M9 14v4',
  stop: 'M7 7h10v10H7z',
  tool: 'M14.500 6.500a4 4 0 0 1 5-1l-3 3 1 2 2 1 3-3c1 3-2 6-5 5.500L10 21a2 2 0 0 1-3-3l7-7c-.6-1.600-.4-3.300.5-4.500Z',
} as const

/** An icon stands beside words, or in a button with a label, so screen readers ignore it. */
export function Icon({ name }: { name: keyof typeof paths }) {
  return (
    <svg className="icon" viewBox="0 0 24 24" aria-hidden="true">
      <path d={paths[name]} />
    </svg>
  )
}
