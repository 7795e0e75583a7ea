/** iso is a time in ms as the API takes it. */
export const iso = (ms: number): string => new Date(ms).toISOString()

/** save hands a file to the person. */
export function save(file: Blob, name: string): void {
  const url = URL.createObjectURL(file)
  const a = document.createElement('a')
  a.href = url
  a.download = name
  a.click()
  setTimeout(() => URL.revokeObjectURL(url), 60_000)
}
