// Ten thousand points a second are four megabytes of text. One such event is read in slices, and between two slices
// the browser may draw and answer the person: no slice takes longer than an eye notices.

/** What one slice may take, in ms. A frame has 16. */
const slice = 6

/** How much text of a list is parsed at a time: a millisecond or two. */
const pieceLength = 48 * 1024

interface Yielding {
  yield?: () => Promise<void>
}

const channel = typeof MessageChannel === 'undefined' ? undefined : new MessageChannel()
const waiting: (() => void)[] = []
if (channel) channel.port1.onmessage = () => waiting.shift()?.()

/** breathe lets whatever else waits have its turn. Unlike a timer it is not slowed down in a tab that nobody sees. */
export function breathe(): Promise<void> {
  const scheduler = (globalThis as { scheduler?: Yielding }).scheduler
  if (scheduler?.yield) return scheduler.yield()
  if (!channel) return new Promise((resolve) => setTimeout(resolve))
  return new Promise((resolve) => {
    waiting.push(resolve)
    channel.port2.postMessage(null)
  })
}

/** Pace says when a long work has had its slice. */
export class Pace {
  private until = performance.now() + slice

  /** due is asked between two steps: where it is true, `await rest()` follows. */
  due(): boolean {
    return performance.now() >= this.until
  }

  async rest(): Promise<void> {
    await breathe()
    this.until = performance.now() + slice
  }
}

/** inSlices does something with each of a list, `step` of them between two looks at the clock. */
export async function inSlices<T>(items: readonly T[], work: (some: readonly T[]) => void, step = 100): Promise<void> {
  const pace = new Pace()
  for (let i = 0; i < items.length; i += step) {
    work(items.slice(i, i + step))
    if (pace.due()) await pace.rest()
  }
}

/**
 * cutItems cuts the JSON text `{"items":[…]}` into pieces, each of them the text of some whole items. `first` is the
 * name that every item begins with. `,{"first":` stands nowhere but between two items: inside a string the quotation
 * mark after the brace would end the string, and no name follows an end. A text of another form is undefined.
 */
export function* cutItems(text: string, first: string, length = pieceLength): Generator<string, boolean> {
  const open = '{"items":['
  const close = text.lastIndexOf(']')
  const mark = `{"${first}":`
  if (!text.startsWith(open + mark) || close < 0) return false
  const between = `,${mark}`
  let start = open.length
  while (start < close) {
    const cut = text.indexOf(between, start + length)
    const end = cut < 0 ? close : cut
    yield text.slice(start, end)
    start = end + 1
  }
  return true
}

/** parseItems reads the JSON text of a page and hands out its items as they are read, in slices. */
export async function parseItems(text: string, first: string, take: (items: unknown[]) => void): Promise<void> {
  const pace = new Pace()
  const cuts = cutItems(text, first)
  for (;;) {
    const cut = cuts.next()
    if (cut.done) {
      if (!cut.value) take((JSON.parse(text) as { items?: unknown[] | null }).items ?? [])
      return
    }
    take(JSON.parse(`[${cut.value}]`) as unknown[])
    if (pace.due()) await pace.rest()
  }
}

/** readItems reads the JSON text of /latest into the list of its items, in slices. */
export async function readItems(text: string): Promise<unknown[]> {
  const items: unknown[] = []
  await parseItems(text, 'series', (some) => items.push(...some))
  return items
}

/** sortInSlices sorts like Array.sort, stable, into a new list: runs of some hundred first, then merged. */
export async function sortInSlices<T>(items: readonly T[], compare: (a: T, b: T) => number, run = 256): Promise<T[]> {
  const pace = new Pace()
  let from: T[] = []
  for (let i = 0; i < items.length; i += run) {
    from.push(...items.slice(i, i + run).sort(compare))
    if (pace.due()) await pace.rest()
  }
  for (let width = run; width < from.length; width *= 2) {
    const into: T[] = []
    for (let start = 0; start < from.length; start += 2 * width) {
      const middle = Math.min(start + width, from.length)
      const end = Math.min(start + 2 * width, from.length)
      let [a, b] = [start, middle]
      while (a < middle || b < end) {
        const left = b >= end || (a < middle && compare(from[a] as T, from[b] as T) <= 0)
        into.push(from[left ? a++ : b++] as T)
        if ((into.length & 127) === 0 && pace.due()) await pace.rest()
      }
    }
    from = into
  }
  return from
}
