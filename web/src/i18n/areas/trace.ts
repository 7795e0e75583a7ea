// The words of one part of the console, in both languages side by side.
export const trace = {
  zh: {
    'trace.title': '报文',
  },
  en: {
    'trace.title': 'Frames',
  },
} as const
