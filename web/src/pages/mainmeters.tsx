import { Button } from 'antd'
import { useState } from 'react'
import { Link } from 'react-router'

import { useHere } from '../app/org'
import { EndDialog, NameDialog } from '../energy/naming'
import { useMeters, type Candidate, type Naming } from '../energy/queries'
import { useNaming } from '../energy/work'
import { useI18n } from '../i18n'
import { PageHead } from '../ui/page'
import { Answer, Blank } from '../ui/states'
import { DataTable } from '../ui/table'
import '../fields/fields.css'
import '../energy/energy.css'

/** MainMetersPage is where an enterprise says which of its points are main meters, and since when. */
export function MainMetersPage() {
  const { org, at } = useHere()
  const { t, n } = useI18n()
  const meters = useMeters(org.id)
  const [open, setOpen] = useState<{ meter: Candidate; end?: Naming }>()
  const close = () => setOpen(undefined)
  return (
    <>
      <PageHead
        title={t('energy.page.meters')}
        crumbs={[
          { label: n(org.name), to: at() },
          { label: t('energy.title'), to: at('energy?view=own') },
        ]}
      />
      <section className="panel" aria-label={t('energy.page.meters')}>
        <p className="muted striphelp">{t('energy.metersHelp')}</p>
        <Answer
          query={meters}
          rows={4}
          empty={(list) =>
            list.length === 0 && <Blank title={t('energy.noCandidates')}>{t('energy.noCandidatesHelp')}</Blank>
          }
        >
          {(list) => (
            <DataTable
              label={t('energy.page.meters')}
              className="cards"
              columns={[
                'energy.point',
                'energy.machine',
                'energy.unit',
                'energy.counter',
                'energy.named',
                { hidden: 'actions' },
              ]}
            >
              <tbody>
                {list
                  .filter((m) => !m.retired || m.named.length > 0)
                  .map((m) => (
                    <Row key={m.series} of={m} open={setOpen} />
                  ))}
              </tbody>
            </DataTable>
          )}
        </Answer>
      </section>
      {open && !open.end && <NameDialog of={open.meter} close={close} />}
      {open?.end && <EndDialog of={open.meter} naming={open.end} close={close} />}
    </>
  )
}

function Row({ of: m, open }: { of: Candidate; open: (x: { meter: Candidate; end?: Naming }) => void }) {
  const { may, at } = useHere()
  const { t, n } = useI18n()
  const work = useNaming()
  const current = m.named.find((x) => !x.to)
  return (
    <tr>
      <th scope="row">
        <Link to={at(`trend?s=${m.series}`)}>{n(m.name)}</Link>
      </th>
      <td data-label={t('energy.machine')}>{n(m.on)}</td>
      <td data-label={t('energy.unit')}>{m.unit}</td>
      <td data-label={t('energy.counter')}>
        {m.counter ? (
          t('yes')
        ) : (
          <span className="row wrap">
            <span className="tag warning">{t('energy.noCounter')}</span>
            {may('configure') && (
              <Button size="small" onClick={() => void work.count(m)}>
                {t('energy.setCounter')}
              </Button>
            )}
          </span>
        )}
      </td>
      <td data-label={t('energy.named')}>
        {m.named.length === 0 ? (
          <span className="muted">{t('energy.notNamed')}</span>
        ) : (
          <ul>
            {m.named.map((x) => (
              <li key={x.fact}>
                <Link to={at(`facts/${x.fact}`)}>
                  {x.to ? t('energy.between', { from: x.from, to: x.to }) : t('energy.since', { from: x.from })}
                </Link>{' '}
                {may('configure') && x.to && (
                  <Button size="small" type="link" onClick={() => void work.takeBack(m, x)}>
                    {t('energy.takeBack')}
                  </Button>
                )}
              </li>
            ))}
          </ul>
        )}
      </td>
      <td data-label="">
        <span className="row wrap">
          {may('operate') && !current && (
            <Button size="small" onClick={() => open({ meter: m })}>
              {t('energy.name')}
            </Button>
          )}
          {may('configure') && current && (
            <>
              <Button size="small" onClick={() => open({ meter: m, end: current })}>
                {t('energy.end')}
              </Button>
              <Button size="small" onClick={() => void work.takeBack(m, current)}>
                {t('energy.takeBack')}
              </Button>
            </>
          )}
        </span>
      </td>
    </tr>
  )
}
