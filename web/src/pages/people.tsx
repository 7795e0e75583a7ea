import { Tabs } from 'antd'
import { useSearchParams } from 'react-router'

import { useHere } from '../app/org'
import { useI18n } from '../i18n'
import { People } from '../people/people'
import { Tokens } from '../people/tokens'
import { PageHead } from '../ui/page'

export function PeoplePage() {
  const { org, at } = useHere()
  const { t, n } = useI18n()
  const [params, setParams] = useSearchParams()
  return (
    <>
      <PageHead title={t('people.page')} crumbs={[{ label: n(org.name), to: at() }]} />
      <Tabs
        activeKey={params.get('tab') ?? 'people'}
        onChange={(tab) => setParams(tab === 'people' ? {} : { tab }, { replace: true })}
        destroyOnHidden
        items={[
          { key: 'people', label: t('people.title'), children: <People /> },
          { key: 'tokens', label: t('tokens.title'), children: <Tokens /> },
        ]}
      />
    </>
  )
}
