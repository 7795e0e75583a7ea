import { Form, Input, Select } from 'antd'

import { useI18n } from '../i18n'
import { grades, type Document, type Grade } from './queries'

/** The part of a form that says how well a fact is proved. */
export interface GradeFields {
  grade: Grade
  documents: Document[]
  evidence?: { document?: string; reference?: string; by?: string }
}

/** GradeInputs ask for a grade, and for what that grade needs. */
export function GradeInputs({ upTo, above }: { upTo: Grade; above?: Grade }) {
  const { t } = useI18n()
  const grade = Form.useWatch('grade') as Grade | undefined
  const documents = (Form.useWatch('documents') as Document[] | undefined) ?? []
  const open = grades.filter((g) => g <= upTo && (above === undefined || g > above))
  const asks = grade !== undefined && grade !== 'E0'
  return (
    <>
      <Form.Item name="grade" label={t('facts.grade')} extra={grade && t(`facts.gradeHelp.${grade}`)}>
        <Select options={open.map((g) => ({ value: g, label: `${g} ${t(`facts.grade.${g}`)}` }))} />
      </Form.Item>
      <div className="formgrid" hidden={!asks}>
        {(grade === 'E1' || grade === 'E2') && (
          <Form.Item name={['evidence', 'document']} label={t('facts.evidenceDocument')}>
            <Select
              allowClear
              placeholder={documents.length === 0 ? t('facts.evidenceNoDocument') : undefined}
              options={documents.map((d) => ({ value: d.id, label: d.name }))}
            />
          </Form.Item>
        )}
        {asks && (
          <Form.Item
            name={['evidence', 'reference']}
            label={t('facts.evidenceReference')}
            extra={t(grade === 'E3' ? 'facts.evidenceMeasured' : 'facts.evidenceReferenceHelp')}
          >
            <Input maxLength={500} spellCheck={false} />
          </Form.Item>
        )}
        {grade === 'E2' && (
          <Form.Item name={['evidence', 'by']} label={t('facts.evidenceBy')} extra={t('facts.evidenceByHelp')}>
            <Input maxLength={200} />
          </Form.Item>
        )}
      </div>
    </>
  )
}

/** evidenceOf is what of the form goes to the node; none for E0. */
export function evidenceOf(f: GradeFields): GradeFields['evidence'] {
  if (f.grade === 'E0') return {}
  const { document, reference, by } = f.evidence ?? {}
  return { document: document || undefined, reference: reference?.trim() || undefined, by: by?.trim() || undefined }
}
