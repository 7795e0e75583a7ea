import { CameraOutlined, DeleteOutlined, DownloadOutlined, PlusOutlined } from '@ant-design/icons'
import { App, Button, Progress } from 'antd'
import { useEffect, useRef, useState } from 'react'

import { del } from '../api/client'
import { Problem } from '../api/problem'
import { fetchFile } from '../fields/transfer'
import { bytes } from '../format/number'
import { useI18n } from '../i18n'
import { save } from '../trend/csv'
import type { Attachment, AttachmentKind } from './form'
import { upload } from './upload'

interface Sending {
  id: number
  kind: string
  file: File
  share: number
  problem?: Problem
}

const pictures = ['jpg', 'jpeg', 'png']

/** Attachments are the files of a draft, by kind, with their limits; each is sent by itself, with its progress, and tried again by itself. */
export function Attachments({
  draft,
  kinds,
  attachments,
  lacking,
  disabled,
  changed,
}: {
  draft: string
  kinds: AttachmentKind[]
  attachments: Attachment[]
  lacking: string[]
  disabled?: boolean
  /** Files have come or gone. */
  changed: (change: (list: Attachment[]) => Attachment[]) => void
}) {
  const { t, n, lang } = useI18n()
  const { message } = App.useApp()
  const [sending, setSending] = useState<Sending[]>([])
  const [refusals, setRefusals] = useState<Record<string, string>>({})
  const next = useRef(1)
  const stop = useRef<AbortController>(undefined)
  useEffect(() => {
    const c = new AbortController()
    stop.current = c
    return () => c.abort(new Error('left'))
  }, [])
  const send = async (s: Sending) => {
    const signal = stop.current?.signal
    if (!signal) return
    const update = (change: Partial<Sending>) =>
      setSending((list) => list.map((x) => (x.id === s.id ? { ...x, ...change } : x)))
    update({ problem: undefined, share: 0 })
    try {
      const a = await upload(draft, s.kind, s.file, lang, signal, (share) => update({ share }))
      setSending((list) => list.filter((x) => x.id !== s.id))
      changed((list) => [...list.filter((x) => x.id !== a.id), a])
    } catch (e) {
      if (signal.aborted) return
      if (!(e instanceof Problem)) throw e
      update({ problem: e })
    }
  }
  const take = (k: AttachmentKind, files: File[]) => {
    let room =
      k.maxCount - attachments.filter((a) => a.kind === k.id).length - sending.filter((s) => s.kind === k.id).length
    let refusal = ''
    const fresh: Sending[] = []
    for (const file of files) {
      const ending = (/\.(\w+)$/.exec(file.name)?.[1] ?? '').toLowerCase()
      if (!k.types?.includes(ending)) refusal = t('form.fileType', { name: file.name, types: k.types?.join(' ') ?? '' })
      else if (file.size > k.maxBytes)
        refusal = t('form.fileLarge', { name: file.name, size: bytes(lang, file.size), max: bytes(lang, k.maxBytes) })
      else if (file.size === 0) refusal = t('files.empty', { name: file.name })
      else if (room-- <= 0) refusal = t('form.fileMany', { n: k.maxCount })
      else fresh.push({ id: next.current++, kind: k.id, file, share: 0 })
    }
    setRefusals((r) => ({ ...r, [k.id]: refusal }))
    setSending((list) => [...list, ...fresh])
    fresh.forEach((s) => void send(s))
  }
  const drop = async (a: Attachment) => {
    try {
      await del(`/drafts/${draft}/attachments/${a.id}`)
      changed((list) => list.filter((x) => x.id !== a.id))
    } catch (e) {
      if (!(e instanceof Problem)) throw e
      void message.error(e.message)
    }
  }
  const look = async (a: Attachment) => {
    try {
      save(await fetchFile(`/drafts/${draft}/attachments/${a.id}`, lang), a.name)
    } catch (e) {
      if (!(e instanceof Problem)) throw e
      void message.error(e.message)
    }
  }
  return (
    <div className="attachments">
      {kinds.map((k) => {
        const mine = attachments.filter((a) => a.kind === k.id)
        const needed = lacking.includes(k.id)
        return (
          <div key={k.id} className="attachmentkind" role="group" aria-label={n(k.name)}>
            <p className="attachmentname">
              {k.required && (
                <span className="mustmark" aria-hidden="true">
                  *
                </span>
              )}
              {n(k.name)}
              {k.present ? <span className="tag good">{t('form.present', { n: k.present })}</span> : null}
              {needed && <span className="tag warning">{t('form.needed')}</span>}
            </p>
            <p className="muted small">
              {k.help ? `${n(k.help)} · ` : ''}
              {t('form.limits', { types: k.types?.join(' ') ?? '', size: bytes(lang, k.maxBytes), n: k.maxCount })}
            </p>
            <ul className="items documents">
              {mine.map((a) => (
                <li key={a.id} className="attachmentline">
                  <Button type="link" icon={<DownloadOutlined aria-hidden />} onClick={() => void look(a)}>
                    {a.name}
                  </Button>
                  <span className="muted nowrap">{bytes(lang, a.size)}</span>
                  {!disabled && (
                    <Button
                      type="text"
                      icon={<DeleteOutlined aria-hidden />}
                      aria-label={t('form.fileDrop', { name: a.name })}
                      onClick={() => void drop(a)}
                    />
                  )}
                </li>
              ))}
              {sending
                .filter((s) => s.kind === k.id)
                .map((s) => (
                  <li key={s.id} className="attachmentline">
                    <span className="grow">{s.file.name}</span>
                    {s.problem ? (
                      <>
                        <span className="fieldfault" role="alert">
                          {s.problem.message} {s.problem.faults[0]?.message}{' '}
                          {s.problem.mend ?? s.problem.faults[0]?.mend}
                        </span>
                        {s.problem.passing && (
                          <Button size="small" onClick={() => void send(s)}>
                            {t('retry')}
                          </Button>
                        )}
                        <Button
                          type="text"
                          icon={<DeleteOutlined aria-hidden />}
                          aria-label={t('form.fileDrop', { name: s.file.name })}
                          onClick={() => setSending((list) => list.filter((x) => x.id !== s.id))}
                        />
                      </>
                    ) : (
                      <Progress
                        percent={Math.round(s.share * 100)}
                        size="small"
                        className="sendingbar"
                        aria-label={t('form.sending', { name: s.file.name })}
                      />
                    )}
                  </li>
                ))}
            </ul>
            {refusals[k.id] && (
              <p className="fieldfault" role="alert">
                {refusals[k.id]}
              </p>
            )}
            {!disabled && (
              <div className="row wrap attachmentadd">
                <Choose kind={k} take={(files) => take(k, files)} />
                {k.types?.some((x) => pictures.includes(x)) && (
                  <Choose kind={k} camera take={(files) => take(k, files)} />
                )}
              </div>
            )}
          </div>
        )
      })}
    </div>
  )
}

function Choose({ kind: k, camera, take }: { kind: AttachmentKind; camera?: boolean; take: (files: File[]) => void }) {
  const { t, n } = useI18n()
  const chooser = useRef<HTMLInputElement>(null)
  const label = t(camera ? 'form.photo' : 'form.file')
  return (
    <>
      <Button
        className={camera ? 'only-phone' : undefined}
        icon={camera ? <CameraOutlined aria-hidden /> : <PlusOutlined aria-hidden />}
        aria-label={`${label} · ${n(k.name)}`}
        onClick={() => chooser.current?.click()}
      >
        {label}
      </Button>
      <input
        ref={chooser}
        type="file"
        style={{ display: 'none' }}
        multiple={!camera && k.maxCount > 1}
        accept={camera ? 'image/*' : k.types?.map((e) => `.${e}`).join(',')}
        capture={camera ? 'environment' : undefined}
        aria-label={`${label} · ${n(k.name)}`}
        onChange={(e) => {
          take([...(e.target.files ?? [])])
          e.target.value = ''
        }}
      />
    </>
  )
}
