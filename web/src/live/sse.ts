export interface SseEvent {
  event: string
  data: string
  id?: string
}

/**
 * SseParser reads text/event-stream (WHATWG HTML, 9.2.6) as it comes, in pieces cut anywhere. We read the stream
 * ourselves and not through EventSource, because that hides the heartbeat comments and the status of a refusal. A line
 * may be megabytes long: what came of it before is kept in pieces and never looked at again.
 */
export class SseParser {
  private rest: string[] = []
  private returned = false
  private event = ''
  private data: string[] = []
  private id: string | undefined

  /** push takes the next piece and returns the events that it completes. */
  push(piece: string): SseEvent[] {
    const events: SseEvent[] = []
    if (piece === '') return events
    // The other half of a "\r\n" that was cut in two.
    let start = this.returned && piece.startsWith('\n') ? 1 : 0
    let cr = piece.indexOf('\r', start)
    for (;;) {
      if (cr >= 0 && cr < start) cr = piece.indexOf('\r', start)
      const lf = piece.indexOf('\n', start)
      const end = cr < 0 ? lf : lf < 0 ? cr : Math.min(cr, lf)
      if (end < 0) break
      this.rest.push(piece.slice(start, end))
      const done = this.line(this.rest.join(''))
      this.rest = []
      if (done) events.push(done)
      start = end + (end === cr && lf === end + 1 ? 2 : 1)
    }
    this.returned = piece.endsWith('\r')
    if (start < piece.length) this.rest.push(piece.slice(start))
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
