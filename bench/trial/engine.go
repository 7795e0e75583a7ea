package trial

import "jingwei/bench/workload"

// Engine is a store under trial. Its methods are called in the order Open, then those of one phase, then Close.
type Engine interface {
	// Name and Version say what is measured.
	Name() string
	Version() string
	// Open opens or creates the store in dir for the series of the stream.
	Open(dir string, spec workload.Spec) error
	// Write takes one batch. Each writer calls it from one goroutine of its own. It may return before the batch is
	// acknowledged; b may be used again afterwards.
	Write(writer int, b *workload.Batch) error
	// Flush returns when every batch is acknowledged and what is held in memory has been written to files.
	Flush() error
	// Compact brings the files into the form in which they stay.
	Compact() error
	// Raw reads the values of a series in the half-open span of source times: how many, and their sum in time order.
	Raw(series int, from, to int64) (Answer, error)
	// Count counts the values that can be read in the half-open span, of all series.
	Count(from, to int64) (int, error)
	// Ways names the ways in which Means can be asked: a query language, or direct iteration in Go.
	Ways() []string
	// Means reads the mean of each step of each series.
	Means(way string, from, to, step int64) (Answer, error)
	// Close closes the store cleanly.
	Close() error
	// LogPaths are the parts of dir that hold a log, which is not counted as data.
	LogPaths(dir string) []string
}

// Verifier is an engine that can compare every row of a stream with what it has kept.
type Verifier interface {
	// Verify returns the number of rows that are as they were written, and what the first other one is like.
	Verify(spec workload.Spec) (rows int, different string, err error)
}

// Outside is an engine whose work is done by a process of its own. What counts is what that process takes; what its
// clients take is left out, in its favour.
type Outside interface {
	// Usage is the processor time that the process has taken, in seconds, and its greatest resident size in bytes. It may be
	// asked after Close.
	Usage() (cpu float64, peak int64)
}

// RollUps is an engine that keeps roll-ups beside its samples and answers means from them where it can.
type RollUps interface {
	// FromRollUps is how many of the samples that all queries since Open were made of were not read, because what is kept of
	// them told enough, and how many there were.
	FromRollUps() (kept, all uint64)
}

// Answer is how many points a query gave, and their sum: it shows that all stores have read the same.
type Answer struct {
	Points int     `json:"points"`
	Sum    float64 `json:"sum"`
}

// Query is the time that a query took.
type Query struct {
	Way    string  `json:"way,omitempty"`
	Median float64 `json:"medianMs"`
	Least  float64 `json:"leastMs"`
	Runs   int     `json:"runs"`
	CPU    float64 `json:"cpuMs"` // mean of user and system time of a run
	Answer
}

// Report is what a phase tells; the program of an engine prints it as one line of JSON.
type Report struct {
	Engine       string  `json:"engine"`
	Version      string  `json:"version"`
	Workload     string  `json:"workload"`
	Seed         uint64  `json:"seed"`
	Seconds      int     `json:"seconds"`
	Phase        string  `json:"phase"`
	Rows         int     `json:"rows,omitempty"`         // written
	Values       int     `json:"values,omitempty"`       // of which have a value
	GeneratorCPU float64 `json:"generatorCpu,omitempty"` // seconds, taken off CPU
	CPU          float64 `json:"cpu"`                    // seconds, user and system
	Wall         float64 `json:"wall"`                   // seconds
	OpenWall     float64 `json:"openWall"`               // seconds to open
	PeakRSS      int64   `json:"peakRss"`                // bytes
	DataBytes    int64   `json:"dataBytes"`              // on disk after the phase
	LogBytes     int64   `json:"logBytes"`
	Different    string  `json:"different,omitempty"` // what Verify found
	Points       int     `json:"points,omitempty"`    // that can be read
	Raw          *Query  `json:"raw,omitempty"`
	Means        []Query `json:"means,omitempty"`
	FromRollUps  float64 `json:"fromRollUps,omitempty"` // the part of the samples of means that kept roll-ups told of
}
