//go:build !unix

package search

import "time"

var began = time.Now()

// cpu is wall time where the system does not tell processor time.
func cpu() time.Duration { return time.Since(began) }
