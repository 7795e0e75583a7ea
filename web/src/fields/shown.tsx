import { Fragment } from 'react'

import { useI18n } from '../i18n'
import { changes, itemsOf, valueText, type Content, type Field } from './field'
import { spanText } from './span'
import { useWords } from './words'
import './fields.css'

/** Fields shows the content of a record, field by field. Fields without a value are left out but for those that matter. */
export function Fields({ fields, content }: { fields: Field[]; content: Content }) {
  const { t, n } = useI18n()
  const filled = fields.filter((f) => content[f.key] !== undefined)
  const empty = fields.filter((f) => content[f.key] === undefined)
  return (
    <>
      <dl className="facts record">
        {filled.map((f) => (
          <Fragment key={f.key}>
            <dt>
              {n(f.name)}
              {f.class === 'restricted' && <span className="tag restricted">{t('fields.restricted')}</span>}
            </dt>
            <dd>
              <Value field={f} value={content[f.key]} />
              {f.calc && <span className="muted small"> {t('fields.calc')}</span>}
            </dd>
          </Fragment>
        ))}
      </dl>
      {empty.length > 0 && (
        <p className="muted empty-fields">
          {t('fields.empty', { names: empty.map((f) => n(f.name)).join(t('fields.comma')) })}
        </p>
      )}
    </>
  )
}

function Value({ field: f, value }: { field: Field; value: unknown }) {
  const w = useWords()
  if (f.type !== 'list') return valueText(f, value, w)
  return (
    <ul className="items">
      {itemsOf(value).map((item, i) => (
        <li key={i}>
          <Item field={f} item={item} />
        </li>
      ))}
    </ul>
  )
}

/** Item shows an item of a list: what it is, when it holds, and the rest in small. */
function Item({ field, item }: { field: Field; item: Content }) {
  const w = useWords()
  const { t } = useI18n()
  const [first, ...rest] = (field.fields ?? []).filter((f) => f.key !== field.since && f.key !== field.until)
  const day = (key: string | undefined) => (key && typeof item[key] === 'string' ? item[key] : '')
  const [from, to] = [day(field.since), day(field.until)]
  const more = rest.map((f) => valueText(f, item[f.key], w)).filter(Boolean)
  return (
    <>
      {first && <span>{valueText(first, item[first.key], w)}</span>}
      {(from || to) && <span className="muted nowrap"> {spanText(t, from, to)}</span>}
      {more.length > 0 && <span className="muted"> · {more.join(' · ')}</span>}
    </>
  )
}

/** Differences tells what a revision changed. */
export function Differences({ fields, before, after }: { fields: Field[]; before: Content; after: Content }) {
  const { n } = useI18n()
  const w = useWords()
  return changes(fields, before, after, w).map((c) => (
    <div key={c.field.key}>
      <span className="muted">{n(c.field.name)}: </span>
      {c.gone.map((x, i) => (
        <Fragment key={i}>
          <del>{x}</del>{' '}
        </Fragment>
      ))}
      {c.come.map((x, i) => (
        <Fragment key={i}>
          <ins>{x}</ins>{' '}
        </Fragment>
      ))}
    </div>
  ))
}
