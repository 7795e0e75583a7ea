// The words of one part of the console, in both languages side by side.
export const sources = {
  zh: {
    'sources.title': '接入源',
  },
  en: {
    'sources.title': 'Sources',
  },
} as const
