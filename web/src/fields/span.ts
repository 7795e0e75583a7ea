import type { I18n } from '../i18n'

/** spanText is from when and until when something holds; either day may be open. */
export function spanText(t: I18n['t'], from: string | undefined, to: string | undefined): string {
  if (from && to) return t('fields.span', { from, to })
  return from ? t('fields.since', { from }) : t('fields.until', { to: to ?? '' })
}
