import { millis } from '../format/time'

/**
 * instants makes a reader of RFC 3339 times like `millis`. Values come by thousands of the same second: it reads date
 * and time of day once and of the others only the digits after the second.
 */
export function instants(): (time: string) => number {
  let second = ''
  let start = NaN
  return (time) => {
    const dot = 19
    if (time.charCodeAt(time.length - 1) !== 90 /* Z */ || (time[dot] !== '.' && time.length !== dot + 1))
      return millis(time)
    const head = time.slice(0, dot)
    if (head !== second) {
      start = Date.parse(`${head}Z`)
      second = head
    }
    return time.length === dot + 1 ? start : start + Number(`0${time.slice(dot, -1)}`) * 1000
  }
}
