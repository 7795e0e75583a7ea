export interface SseEvent {
  event: string
  data: string
  id?: string
}

/**
 * SseParser reads text/event-stream (WHATWG HTML, 9.2.6) as it comes, in pieces cut anywhere. We read the stream
 * ourselves and not through EventSource, because that hides the heartbeat comments and the status of a refusal.
 */
export class SseParser {
  private rest = ''
  private event = ''
  private data: string[] = []
  private id: string | undefined

  /** push takes the next piece and returns the events that it completes. */
  push(piece: string): SseEvent[] {
    const events: SseEvent[] = []
    const text = this.rest + piece
    let start = 0
    for (;;) {
      const cr = text.indexOf('\r', start)
      const lf = text.indexOf('\n', start)
      const end = cr < 0 ? lf : lf < 0 ? cr : Math.min(cr, lf)
      // A "\r" at the very end may be half of "\r\n".
      if (end < 0 || (end === cr && end === text.length - 1)) break
      const done = this.line(text.slice(start, end))
      if (done) events.push(done)
      start = end + (text[end] === '\r' && text[end + 1] === '\n' ? 2 : 1)
    }
    this.rest = text.slice(start)
    return events
  }

  private line(line: string): SseEvent | undefined {
    if (line === '') return this.dispatch()
    const colon = line.indexOf(':')
    if (colon === 0) return undefined // a comment: the heartbeat
    const field = colon < 0 ? line : line.slice(0, colon)
    const value = colon < 0 ? '' : line.slice(colon + (line[colon + 1] === ' ' ? 2 : 1))
    if (field === 'event') this.event = value
    else if (field === 'data') this.data.push(value)
    else if (field === 'id') this.id = value
    return undefined
  }

  private dispatch(): SseEvent | undefined {
    const { event, data } = this
    this.event = ''
    this.data = []
    if (data.length === 0) return undefined
    return { event: event || 'message', data: data.join('\n'), id: this.id }
  }
}
