// The words of one part of the console, in both languages side by side.
export const files = {
  zh: {
    'files.title': '导入导出',
  },
  en: {
    'files.title': 'Import and export',
  },
} as const
