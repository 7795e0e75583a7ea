//go:build !linux

package resolve

import "time"

// processTime and threadTime are not known here: CPU times read 0.
func processTime() time.Duration { return 0 }
func threadTime() time.Duration  { return 0 }
