import { CheckOutlined, CopyOutlined } from '@ant-design/icons'
import { Button } from 'antd'
import { useEffect, useState } from 'react'

import { useI18n } from '../i18n'

/** Copied shows a text to be taken elsewhere, with a button that copies it. */
export function Copied({ text, label }: { text: string; label: string }) {
  const { t } = useI18n()
  const [done, setDone] = useState(false)
  useEffect(() => {
    if (!done) return
    const timer = setTimeout(() => setDone(false), 2500)
    return () => clearTimeout(timer)
  }, [done])
  return (
    <div className="secret">
      <code tabIndex={0} aria-label={label}>
        {text}
      </code>
      <Button
        icon={done ? <CheckOutlined aria-hidden /> : <CopyOutlined aria-hidden />}
        onClick={() => void copy(text).then(setDone)}
      >
        {done ? t('copied') : t('copy')}
      </Button>
      <span className="hidden-text" aria-live="polite">
        {done && t('copied')}
      </span>
    </div>
  )
}

/** copy puts a text on the clipboard. The clipboard's own interface is closed on plain HTTP; the older way works there. */
export async function copy(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text)
    return true
  } catch {
    const field = document.createElement('textarea')
    field.value = text
    field.style.position = 'fixed'
    field.style.opacity = '0'
    document.body.append(field)
    field.select()
    // eslint-disable-next-line @typescript-eslint/no-deprecated -- the only way without a secure context
    const done = document.execCommand('copy')
    field.remove()
    return done
  }
}
