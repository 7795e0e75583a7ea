import { SearchOutlined } from '@ant-design/icons'
import { Input } from 'antd'
import { useState } from 'react'

/** SearchBox asks once a word is done: by Enter, on leaving the box, or when it is emptied. */
export function SearchBox({
  label,
  value,
  ask,
  className,
  maxLength,
}: {
  label: string
  value: string
  ask: (words: string) => void
  className?: string
  maxLength: number
}) {
  const [held, setHeld] = useState({ value, words: value })
  // What is asked for may change elsewhere: "clear filters", or the way back.
  const words = held.value === value ? held.words : value
  const done = (w: string) => {
    if (w.trim() !== value) ask(w.trim())
  }
  return (
    <Input
      type="search"
      enterKeyHint="search"
      className={className}
      prefix={<SearchOutlined aria-hidden />}
      maxLength={maxLength}
      spellCheck={false}
      aria-label={label}
      placeholder={label}
      value={words}
      onChange={(e) => {
        setHeld({ value, words: e.target.value })
        if (e.target.value === '') done('')
      }}
      onPressEnter={() => done(words)}
      onBlur={() => done(words)}
    />
  )
}
