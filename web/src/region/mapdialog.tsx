import { useMutation, useQueryClient } from '@tanstack/react-query'
import { App, Button, Input, Modal } from 'antd'
import { useState } from 'react'

import { base, del, search } from '../api/client'
import { useHere } from '../app/org'
import { accepted, lost, refused } from '../files/transfer'
import { dateTime, millis } from '../format/time'
import { useI18n } from '../i18n'
import { Fault } from '../ui/states'
import { mapKeys, type LoadedMap } from './figures'

/** MapDialog loads a map with its review number, or takes away the one that is there. */
export function MapDialog({
  region,
  name,
  map,
  close,
}: {
  region: string
  name: string
  map: LoadedMap | undefined
  close: () => void
}) {
  const { org } = useHere()
  const { t, lang } = useI18n()
  const { message } = App.useApp()
  const client = useQueryClient()
  const [file, setFile] = useState<File>()
  const [review, setReview] = useState('')
  const [source, setSource] = useState('')
  const changed = async (words: string) => {
    await client.invalidateQueries({ queryKey: mapKeys.all })
    void message.success(words)
    close()
  }
  const load = useMutation({
    mutationFn: async () => {
      const answer = await fetch(`${base}/maps${search({ org: org.id, region, review, source })}`, {
        method: 'POST',
        headers: {
          'Accept-Language': accepted(lang),
          'Content-Type': 'application/octet-stream',
        },
        body: file,
        credentials: 'same-origin',
      }).catch(() => {
        throw lost(lang)
      })
      if (!answer.ok) throw await refused(answer.status, await answer.text())
    },
    onSuccess: () => changed(t('region.mapLoaded')),
  })
  const remove = useMutation({
    mutationFn: () => del(`/maps/${region}${search({ org: org.id })}`),
    onSuccess: () => changed(t('region.mapRemoved')),
  })
  const problem = load.error ?? remove.error
  return (
    <Modal
      open
      title={t('region.mapOf', { name })}
      onCancel={close}
      width={520}
      footer={
        <>
          {map && (
            <Button danger loading={remove.isPending} onClick={() => remove.mutate()} style={{ float: 'left' }}>
              {t('region.mapRemove')}
            </Button>
          )}
          <Button onClick={close}>{t('cancel')}</Button>
          <Button
            type="primary"
            loading={load.isPending}
            disabled={!file || !review.trim() || !source.trim()}
            onClick={() => load.mutate()}
          >
            {t('region.mapLoad')}
          </Button>
        </>
      }
    >
      <div className="stack">
        <p className="muted">{t('region.mapHelp')}</p>
        {map && (
          <p>
            {t('region.review', { number: map.review, source: map.source })}
            <span className="muted small">
              {' '}
              · {t('region.mapThere', { n: map.divisions, by: map.by, at: dateTime(millis(map.at)) })}
            </span>
          </p>
        )}
        <label className="stack" style={{ gap: 4 }}>
          {t('region.mapFile')}
          <input
            type="file"
            accept=".geojson,.json,application/geo+json"
            onChange={(e) => setFile(e.target.files?.[0])}
          />
        </label>
        <label className="stack" style={{ gap: 4 }}>
          {t('region.mapReview')}
          <Input
            value={review}
            maxLength={60}
            placeholder="GS(2019)1822号"
            onChange={(e) => setReview(e.target.value)}
          />
        </label>
        <label className="stack" style={{ gap: 4 }}>
          {t('region.mapSource')}
          <Input value={source} maxLength={100} onChange={(e) => setSource(e.target.value)} />
        </label>
        {problem && <Fault problem={problem} />}
      </div>
    </Modal>
  )
}
