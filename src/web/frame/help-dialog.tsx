import { Modal } from './dialog.tsx'
import { shortcutsInWords } from './use-shortcuts.ts'

export function HelpDialog({ onClose }: { onClose: () => void }) {
  return (
    <Modal title="Keyboard" onClose={onClose}>
      <dl className="shortcuts">
        {shortcutsInWords.map(([keys, what]) => (
          <div key={keys}>
            <dt>
              <kbd>{keys}</kbd>
            </dt>
            <dd>{what}</dd>
          </div>
        ))}
      </dl>
    </Modal>
  )
}
