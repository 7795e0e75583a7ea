// The words of one part of the console, in both languages side by side.
export const wizard = {
  zh: {
    'wizard.title': '接入向导',
  },
  en: {
    'wizard.title': 'Connect',
  },
} as const
