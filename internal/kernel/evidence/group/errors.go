package group

import "errors"

var (
	// ErrOpen says that no signed checkpoint covers the group's leaf yet; it will within seconds.
	ErrOpen = errors.New("no signed checkpoint covers it yet")
	// ErrChanged says that the records of a group are not those that were put: they were changed behind the program's back.
	ErrChanged = errors.New("its records are not those that were written")
)
