import { useQueryClient } from '@tanstack/react-query'
import { Button, Form, Input, Modal } from 'antd'
import { useState } from 'react'

import { post } from '../api/client'
import { useHere } from '../app/org'
import '../fields/fields.css'
import { Pager, usePages } from '../fields/pager'
import { date, millis } from '../format/time'
import { useI18n } from '../i18n'
import { reviewSize, useMandates, type Mandate } from '../join/queries'
import { PageHead } from '../ui/page'
import { roleKey } from '../ui/role'
import { Answer, Blank, Fault } from '../ui/states'
import { useSubmit } from '../ui/submit'
import { DataTable } from '../ui/table'

/** MandatesPage tells who may act for whom, until when and on which paper; a mandate is renewed and revoked here. */
export function MandatesPage() {
  const { org, at, me } = useHere()
  const { t, n } = useI18n()
  const of = org.home ? undefined : org.id
  const pages = usePages(of ?? '')
  const mandates = useMandates(of, pages.cursor)
  const [change, setChange] = useState<{ m: Mandate; what: 'renew' | 'revoke' }>()
  return (
    <>
      <PageHead title={t('join.mandates')} crumbs={[{ label: n(org.name), to: at() }]} />
      <section className="panel" aria-label={t('join.mandates')}>
        <Answer
          query={mandates}
          empty={(page) =>
            (page.items ?? []).length === 0 &&
            pages.before === 0 && <Blank title={t('join.noMandates')}>{t('join.noMandatesHelp')}</Blank>
          }
        >
          {(page) => (
            <>
              <DataTable label={t('join.mandates')} className="cards roomy">
                <thead>
                  <tr>
                    <th scope="col">{t('join.person')}</th>
                    {org.home && <th scope="col">{t('join.enterprise')}</th>}
                    <th scope="col">{t('join.role')}</th>
                    <th scope="col">{t('join.from')}</th>
                    <th scope="col">{t('join.lastDay')}</th>
                    <th scope="col">{t('state')}</th>
                    <th scope="col">{t('join.basis')}</th>
                    <th scope="col">{t('join.actions')}</th>
                  </tr>
                </thead>
                <tbody>
                  {(page.items ?? []).map((m) => (
                    <tr key={m.id}>
                      <th scope="row">
                        {m.name} <span className="muted">{m.login}</span>
                      </th>
                      {org.home && <td data-label={t('join.enterprise')}>{n(m.orgName)}</td>}
                      <td data-label={t('join.role')}>{t(roleKey[m.role])}</td>
                      <td data-label={t('join.from')} className="nowrap">
                        {date(millis(m.from))}
                      </td>
                      <td data-label={t('join.lastDay')} className="nowrap">
                        {m.lastDay}
                      </td>
                      <td data-label={t('state')}>
                        <span className={m.state === 'running' ? 'tag good' : 'tag'}>
                          {t(
                            m.state === 'running'
                              ? 'join.running'
                              : m.state === 'revoked'
                                ? 'join.revoked'
                                : 'join.ended',
                          )}
                        </span>
                      </td>
                      <td data-label={t('join.basis')}>
                        {m.letter.name}
                        <div className="muted">
                          {m.by}: {m.reason}
                        </div>
                      </td>
                      <td data-label={t('join.actions')}>
                        {m.state === 'running' && (
                          <span className="row">
                            {m.person !== me.person.id && (
                              <Button size="small" onClick={() => setChange({ m, what: 'renew' })}>
                                {t('join.renew')}
                              </Button>
                            )}
                            <Button size="small" danger onClick={() => setChange({ m, what: 'revoke' })}>
                              {t('join.revoke')}
                            </Button>
                          </span>
                        )}
                      </td>
                    </tr>
                  ))}
                </tbody>
              </DataTable>
              <Pager
                pages={pages}
                size={reviewSize}
                shown={(page.items ?? []).length}
                next={page.next}
                busy={mandates.isPlaceholderData}
              />
            </>
          )}
        </Answer>
      </section>
      {change && <ChangeDialog key={change.m.id + change.what} {...change} close={() => setChange(undefined)} />}
    </>
  )
}

function ChangeDialog({ m, what, close }: { m: Mandate; what: 'renew' | 'revoke'; close: () => void }) {
  const { t } = useI18n()
  const queries = useQueryClient()
  const [form] = Form.useForm<{ until?: string; reason: string }>()
  const submit = useSubmit()
  const go = async (f: { until?: string; reason: string }) => {
    const path = `/mandates/${m.id}/${what === 'renew' ? 'renewals' : 'revocations'}`
    const ok = await submit.run(
      () => post(path, { basis: m.revision, reason: f.reason, ...(what === 'renew' ? { until: f.until } : {}) }),
      form,
    )
    await queries.invalidateQueries({ queryKey: ['mandates'] })
    if (ok) close()
  }
  return (
    <Modal
      open
      onCancel={close}
      onOk={() => form.submit()}
      confirmLoading={submit.busy}
      okText={t(what === 'renew' ? 'join.renew' : 'join.revoke')}
      okButtonProps={{ danger: what === 'revoke' }}
      cancelText={t('cancel')}
      title={t(what === 'renew' ? 'join.renewTitle' : 'join.revokeTitle', { name: m.name })}
    >
      <Form form={form} layout="vertical" requiredMark={false} onFinish={(f) => void go(f)}>
        {what === 'renew' ? (
          <Form.Item
            name="until"
            label={t('join.lastDay')}
            initialValue={m.lastDay}
            rules={[{ required: true, message: t('join.untilHelp') }]}
          >
            <Input type="date" />
          </Form.Item>
        ) : (
          <p className="muted">{t('join.revokeText')}</p>
        )}
        <Form.Item
          name="reason"
          label={t('join.reason')}
          rules={[{ required: true, whitespace: true, message: t('join.reasonMissing') }]}
        >
          <Input.TextArea rows={2} maxLength={1000} />
        </Form.Item>
        {submit.problem && <Fault problem={submit.problem} except={['reason', 'until']} />}
      </Form>
    </Modal>
  )
}
