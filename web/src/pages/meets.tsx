import { PlusOutlined } from '@ant-design/icons'
import { useQueryClient } from '@tanstack/react-query'
import { Button, Form, Input, InputNumber, Modal, Select } from 'antd'
import { useState } from 'react'
import { Link, useNavigate } from 'react-router'

import { post } from '../api/client'
import { useHere } from '../app/org'
import { useI18n } from '../i18n'
import { needKeys, useFunnel, useKinds, useMeets, type Meet } from '../needs/queries'
import { PageHead } from '../ui/page'
import { Answer, Blank, Fault } from '../ui/states'
import { useSubmit } from '../ui/submit'
import '../needs/needs.css'

/** MeetsPage lists events at which firms and providers meet. */
export function MeetsPage() {
  const { org, at, may } = useHere()
  const { t, n } = useI18n()
  const meets = useMeets()
  const officer = useFunnel(true)
  const [adding, setAdding] = useState(false)
  const add = officer.data && may('configure') && (
    <Button type="primary" icon={<PlusOutlined aria-hidden />} onClick={() => setAdding(true)}>
      {t('event.new')}
    </Button>
  )
  return (
    <>
      <PageHead
        title={t('event.title')}
        crumbs={[
          { label: n(org.name), to: at() },
          { label: t('needs.nav'), to: at('needs') },
        ]}
      >
        {add}
      </PageHead>
      <section className="panel" aria-label={t('event.title')}>
        <Answer
          query={meets}
          empty={(list) => list.length === 0 && <Blank title={t('event.none')}>{t('event.noneHelp')}</Blank>}
        >
          {(list) => (
            <ul className="needcards">
              {list.map((e) => (
                <li key={e.id} className="needcard">
                  <div className="row wrap" style={{ justifyContent: 'space-between' }}>
                    <h2>
                      <Link to={at(`needs/events/${e.id}`)}>{e.programme.title}</Link>
                    </h2>
                    <span className="tag info">{n(e.stateName)}</span>
                  </div>
                  <p className="muted">{[e.programme.day, e.programme.place].filter(Boolean).join(' · ')}</p>
                </li>
              ))}
            </ul>
          )}
        </Answer>
      </section>
      {adding && <Announce close={() => setAdding(false)} />}
    </>
  )
}

function Announce({ close }: { close: () => void }) {
  const { at } = useHere()
  const { t, n } = useI18n()
  const kinds = useKinds()
  const submit = useSubmit()
  const client = useQueryClient()
  const navigate = useNavigate()
  const [form] = Form.useForm<object>()
  return (
    <Modal open title={t('event.new')} footer={null} onCancel={close} destroyOnHidden>
      <Form
        form={form}
        layout="vertical"
        className="needform"
        requiredMark={false}
        initialValues={{ seats: 20, rounds: 4, tables: 10 }}
        onFinish={(d) =>
          void submit.run(async () => {
            const made = await post<Meet>('/matching/events', d)
            await client.invalidateQueries({ queryKey: needKeys.all })
            void navigate(at(`needs/events/${made.id}`))
          }, form)
        }
      >
        <Form.Item name="title" label={t('event.name')} rules={[{ required: true, message: t('event.name') }]}>
          <Input maxLength={120} />
        </Form.Item>
        <div className="pair">
          <Form.Item name="day" label={t('event.day')} rules={[{ required: true, message: t('event.day') }]}>
            <Input type="date" />
          </Form.Item>
          <Form.Item name="place" label={t('event.place')}>
            <Input maxLength={200} />
          </Form.Item>
        </div>
        <Form.Item name="kinds" label={t('event.kinds')}>
          <Select
            mode="multiple"
            showSearch={{ optionFilterProp: 'label' }}
            options={(kinds.data?.kinds ?? []).map((k) => ({ value: k.id, label: n(k.name) }))}
          />
        </Form.Item>
        <Form.Item name="trades" label={t('event.trades')}>
          <Select mode="tags" open={false} suffix="" tokenSeparators={[',', '，', '、']} />
        </Form.Item>
        <div className="pair">
          <Form.Item name="seats" label={t('event.seats')}>
            <InputNumber min={1} max={500} />
          </Form.Item>
          <Form.Item name="rounds" label={t('event.rounds')}>
            <InputNumber min={1} max={20} />
          </Form.Item>
          <Form.Item name="tables" label={t('event.tables')}>
            <InputNumber min={1} max={500} />
          </Form.Item>
        </div>
        {submit.problem && <Fault problem={submit.problem} />}
        <Button type="primary" htmlType="submit" size="large" loading={submit.busy}>
          {t('event.new')}
        </Button>
      </Form>
    </Modal>
  )
}
