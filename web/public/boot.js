// Before the first paint: the colours and the language that this person chose here, so that nothing flashes.
;(function () {
  var theme, lang
  try {
    theme = localStorage.getItem('jingwei.theme')
    lang = localStorage.getItem('jingwei.lang')
  } catch {
    // storage may be closed to us; the defaults hold
  }
  var dark = theme === 'dark' || (theme !== 'light' && matchMedia('(prefers-color-scheme: dark)').matches)
  document.documentElement.dataset.theme = dark ? 'dark' : 'light'
  document.documentElement.lang = lang === 'en' ? 'en' : 'zh-CN'
})()
