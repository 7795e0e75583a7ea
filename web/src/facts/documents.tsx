import { DeleteOutlined, DownloadOutlined, PaperClipOutlined } from '@ant-design/icons'
import { App, Button } from 'antd'
import { useRef, useState } from 'react'

import { Problem } from '../api/problem'
import { useHere } from '../app/org'
import { fetchFile, sendFile } from '../fields/transfer'
import { bytes } from '../format/number'
import { useI18n } from '../i18n'
import { save } from '../trend/csv'
import { Fault } from '../ui/states'
import type { Document } from './queries'

/** What the node takes: 20 MiB each, 50 of a fact, and only these (docs/facts.md). */
const mostBytes = 20 * 1024 * 1024
const most = 50
const endings = ['pdf', 'ofd', 'png', 'jpg', 'jpeg', 'docx', 'xlsx', 'pptx', 'zip', 'xml', 'txt', 'csv', 'md', 'json']

/** DocumentList names documents, to be fetched. */
export function DocumentList({ fact, documents }: { fact: string; documents: Document[] }) {
  const { t, lang } = useI18n()
  const { message } = App.useApp()
  const take = async (d: Document) => {
    try {
      save(await fetchFile(`/facts/${fact}/documents/${encodeURIComponent(d.id)}`, lang), d.name)
    } catch (e) {
      if (!(e instanceof Problem)) throw e
      void message.error(e.message)
    }
  }
  if (documents.length === 0) return <span className="muted">{t('facts.noDocuments')}</span>
  return (
    <ul className="items documents">
      {documents.map((d) => (
        <li key={d.id}>
          <Button type="link" icon={<DownloadOutlined aria-hidden />} onClick={() => void take(d)}>
            {d.name}
          </Button>{' '}
          <span className="muted nowrap">{bytes(lang, d.size)}</span>
        </li>
      ))}
    </ul>
  )
}

/** Documents hands documents in, for a fact that is being written; given value and onChange by its Form.Item. */
export function Documents({ value = [], onChange }: { value?: Document[]; onChange?: (list: Document[]) => void }) {
  const { org } = useHere()
  const { t, lang } = useI18n()
  const chooser = useRef<HTMLInputElement>(null)
  const [busy, setBusy] = useState('')
  const [refusals, setRefusals] = useState<string[]>([])
  const [problem, setProblem] = useState<Problem>()
  const take = async (files: File[]) => {
    setProblem(undefined)
    const wrong: string[] = []
    let list = value
    for (const file of files) {
      const { name } = file
      if (!endings.includes((/\.(\w+)$/.exec(name)?.[1] ?? '').toLowerCase()))
        wrong.push(t('facts.documentEnding', { name, endings: endings.join(' ') }))
      else if (file.size > mostBytes) wrong.push(t('facts.documentLarge', { name, size: bytes(lang, file.size) }))
      else if (file.size === 0) wrong.push(t('files.empty', { name }))
      else if (list.length >= most) wrong.push(t('facts.documentsMany', { n: most }))
      else {
        setBusy(name)
        try {
          const d = await sendFile<Document>('/facts/documents', { org: org.id, name }, file, lang)
          if (!list.some((x) => x.id === d.id)) list = [...list, d]
          onChange?.(list)
        } catch (e) {
          if (!(e instanceof Problem)) throw e
          setProblem(e)
        }
      }
    }
    setBusy('')
    setRefusals(wrong)
  }
  return (
    <div className="handin">
      <ul className="items documents">
        {value.map((d) => (
          <li key={d.id}>
            <PaperClipOutlined aria-hidden /> {d.name} <span className="muted nowrap">{bytes(lang, d.size)}</span>
            <Button
              type="text"
              size="small"
              icon={<DeleteOutlined aria-hidden />}
              aria-label={t('facts.documentDrop', { name: d.name })}
              onClick={() => onChange?.(value.filter((x) => x.id !== d.id))}
            />
          </li>
        ))}
      </ul>
      <Button size="small" loading={busy !== ''} onClick={() => chooser.current?.click()}>
        {t('facts.documentAdd')}
      </Button>
      <p className="muted small">{t('facts.documentLimits')}</p>
      <div role="status" className="muted">
        {busy && t('facts.documentSending', { name: busy })}
      </div>
      {refusals.map((r) => (
        <p key={r} className="fault" role="alert">
          {r}
        </p>
      ))}
      {problem && <Fault problem={problem} />}
      <input
        ref={chooser}
        type="file"
        // A form shows its file inputs even when they are hidden.
        style={{ display: 'none' }}
        multiple
        accept={endings.map((e) => `.${e}`).join(',')}
        aria-label={t('facts.documentAdd')}
        onChange={(e) => {
          void take([...(e.target.files ?? [])])
          e.target.value = ''
        }}
      />
    </div>
  )
}
