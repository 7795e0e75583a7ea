// The words of one part of the console, in both languages side by side.
export const points = {
  zh: {
    'everyPoint.title': '全部点位',
  },
  en: {
    'everyPoint.title': 'All points',
  },
} as const
