// The words of one part of the console, in both languages side by side.
export const scale = {
  zh: {
    'scale.title': '接入规模',
  },
  en: {
    'scale.title': 'Scale',
  },
} as const
