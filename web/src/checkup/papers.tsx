import { DeleteOutlined, PaperClipOutlined } from '@ant-design/icons'
import { Button } from 'antd'
import { useRef, useState } from 'react'

import { Problem } from '../api/problem'
import { useHere } from '../app/org'
import { sendFile } from '../fields/transfer'
import { useI18n } from '../i18n'
import { Fault } from '../ui/states'

export interface Paper {
  id: string
  name?: string
  options?: string[]
}

/** Papers hands in what proves an answer: a photograph of a certificate, a report. */
export function Papers({ value, change }: { value: Paper[]; change: (list: Paper[]) => void }) {
  const { org } = useHere()
  const { t, lang } = useI18n()
  const chooser = useRef<HTMLInputElement>(null)
  const [busy, setBusy] = useState(false)
  const [problem, setProblem] = useState<Problem>()
  const take = async (files: File[]) => {
    setProblem(undefined)
    setBusy(true)
    let list = value
    for (const file of files) {
      try {
        const d = await sendFile<{ id: string; name: string }>(
          '/facts/documents',
          { org: org.id, name: file.name },
          file,
          lang,
        )
        if (!list.some((x) => x.id === d.id)) list = [...list, { id: d.id, name: d.name }]
      } catch (e) {
        if (!(e instanceof Problem)) throw e
        setProblem(e)
      }
    }
    setBusy(false)
    if (list !== value) change(list)
  }
  return (
    <div>
      {value.length > 0 && (
        <ul className="items documents">
          {value.map((p) => (
            <li key={p.id}>
              <PaperClipOutlined aria-hidden /> {p.name ?? p.id.slice(0, 20)}
              <Button
                type="text"
                icon={<DeleteOutlined aria-hidden />}
                aria-label={t('checkup.paperDrop', { name: p.name ?? '' })}
                onClick={() => change(value.filter((x) => x.id !== p.id))}
              />
            </li>
          ))}
        </ul>
      )}
      <Button loading={busy} icon={<PaperClipOutlined aria-hidden />} onClick={() => chooser.current?.click()}>
        {t('checkup.paperAdd')}
      </Button>
      {problem && <Fault problem={problem} />}
      <input
        ref={chooser}
        type="file"
        multiple
        style={{ display: 'none' }}
        aria-label={t('checkup.paperAdd')}
        onChange={(e) => {
          void take([...(e.target.files ?? [])])
          e.target.value = ''
        }}
      />
    </div>
  )
}
