package document

import (
	"time"

	"jingwei/internal/connect/driver"
)

// Status is what a gateway tells of itself, a few times a minute and when something changes.
type Status struct {
	Time     time.Time      `json:"time"`    // gateway's clock
	Started  time.Time      `json:"started"` // of the process
	Version  string         `json:"version"`
	Hash     string         `json:"hash"`
	Applied  Applied        `json:"applied"`
	Spool    Spool          `json:"spool"`
	Samples  Samples        `json:"samples"`
	Clock    Clock          `json:"clock"`
	NotAfter time.Time      `json:"notAfter"` // of the certificate
	Links    []driver.State `json:"links"`
	// Memory is the resident set in bytes, 0 where the system does not tell.
	Memory int64 `json:"memory"`
}

// Spool is the journal between the machines and the link.
type Spool struct {
	Bytes    int64      `json:"bytes"`    // on disk
	MaxBytes int64      `json:"maxBytes"` // bound
	Batches  uint64     `json:"batches"`  // not acknowledged by the node
	Samples  uint64     `json:"samples"`  // in them: at risk until acknowledged
	Oldest   *time.Time `json:"oldest,omitempty"`
	Full     bool       `json:"full"`
	Epoch    uint64     `json:"epoch,string"`
	LastSeq  uint64     `json:"lastSeq,string"`
	AckedSeq uint64     `json:"ackedSeq,string"`
	Holes    uint64     `json:"holes"` // times that the node had lost what it had acknowledged
	// Quarantine is what the node refused and the gateway keeps aside.
	Quarantine Quarantine `json:"quarantine"`
}

// Quarantine counts refused samples.
type Quarantine struct {
	Records uint64 `json:"records"` // kept
	Samples uint64 `json:"samples"` // in them
	Lost    uint64 `json:"lost"`    // records that made room for newer ones
	Last    string `json:"last,omitempty"`
}

// Samples counts since the process started.
type Samples struct {
	Taken     uint64  `json:"taken"`     // from the links
	Spooled   uint64  `json:"spooled"`   // durable here
	Acked     uint64  `json:"acked"`     // durable on the node
	Dropped   uint64  `json:"dropped"`   // not spooled because the spool was full
	PerSecond float64 `json:"perSecond"` // taken, over the last ten seconds
}

// Clock tells how far the gateway's clock can be trusted.
type Clock struct {
	Unsure   bool    `json:"unsure"`             // the system says it is not synchronised, and the node cannot vouch for it
	OffsetMs float64 `json:"offsetMs,omitempty"` // node minus gateway
	TripMs   float64 `json:"tripMs,omitempty"`
}
