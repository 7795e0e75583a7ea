import { PictureOutlined } from '@ant-design/icons'
import { Button, Dropdown } from 'antd'
import type { RefObject } from 'react'

import { useI18n } from '../i18n'
import { save } from '../trend/csv'
import { pngOf, slideOf, type Framing } from './picture'

/** PictureMenu saves a chart as a slide. */
export function PictureMenu({
  svg,
  framing,
  name,
}: {
  svg: RefObject<SVGSVGElement | null>
  framing: Framing
  /** Of the file, without its ending. */
  name: string
}) {
  const { t } = useI18n()
  const give = async (kind: string) => {
    if (!svg.current) return
    const slide = slideOf(svg.current, framing)
    if (kind === 'svg') save(new Blob([slide], { type: 'image/svg+xml' }), `${name}.svg`)
    else save(await pngOf(slide), `${name}.png`)
  }
  return (
    <Dropdown
      trigger={['click']}
      menu={{
        items: [
          { key: 'png', label: t('region.png') },
          { key: 'svg', label: t('region.svg') },
        ],
        onClick: ({ key }) => void give(key),
      }}
    >
      <Button
        size="small"
        type="text"
        icon={<PictureOutlined aria-hidden />}
        aria-label={t('region.picture')}
        title={t('region.picture')}
      />
    </Dropdown>
  )
}
