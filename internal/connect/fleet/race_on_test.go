//go:build race

package fleet

// raceDetector takes memory of its own: what a process holds says nothing then.
const raceDetector = true
