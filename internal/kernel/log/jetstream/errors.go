package jetstream

import "fmt"

// DamageError tells that what was durable once is missing or damaged. Nothing is skipped silently.
type DamageError struct {
	Stream   string
	Sequence uint64 // of the message in the stream
	Reason   string
}

func (e *DamageError) Error() string {
	return fmt.Sprintf("journal stream %s is damaged at sequence %d: %s; restore the stream from a copy, or name another one to begin a new journal", e.Stream, e.Sequence, e.Reason)
}

// ConfigError tells that the stream is there, and set up so that it cannot keep a journal.
type ConfigError struct {
	Stream string
	Field  string // as the NATS tools name it
	Value  string
	Mend   string
}

func (e *ConfigError) Error() string {
	return fmt.Sprintf("journal stream %s: its %s is %s; %s", e.Stream, e.Field, e.Value, e.Mend)
}
