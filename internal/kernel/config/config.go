package config

import (
	"log/slog"
	"time"

	"jingwei/internal/kernel/text"
)

// Config is what a process is told. Comments, units and defaults are in Keys.
type Config struct {
	Data      string
	Node      Node
	HTTP      HTTP
	HTTPS     HTTPS
	Link      Link
	MQTT      MQTT
	Handle    Handle
	Database  Database
	Journal   Journal
	Telemetry Telemetry
	Cluster   Cluster
	Auth      Auth
	Inbox     Inbox
	Log       Log
}

// Node is the process itself.
type Node struct{ Name, Packs string }

// HTTP is the plain listener, on loopback only.
type HTTP struct{ Address string }

// HTTPS is the listener with the node's own certificate.
type HTTPS struct {
	Address string
	Names   []string
}

// Link is where gateways and child nodes dial.
type Link struct {
	Address string
	Names   []string
}

// MQTT is the broker for devices that send by themselves: with TLS, and plain on loopback only.
type MQTT struct{ Address, Plain string }

// Handle is where identifiers are resolved by the Handle protocol.
type Handle struct {
	UDP, TCP, HTTP string
	Site           string   // IP address under which others reach the node
	Operators      []string // references, index:handle
}

// Database holds the records.
type Database struct{ URL string }

// Journal is the durable log.
type Journal struct {
	MaxBytes Bytes
}

// Telemetry is the sample store.
type Telemetry struct {
	HeadBytes Bytes
	Budget    Bytes // on disk; 0: the volume
}

// Cluster is what several processes share that serve the same cells; without Cells a process is one node by itself.
type Cluster struct {
	Cells       []string
	Domain      string   // cell "a" is reached as a.<domain>
	Advertise   string   // host under which the other processes reach this one
	NATS        []string // servers of the JetStream cluster
	Credentials string   // file that signs in there
	CA          string   // file with the authorities of its servers' certificates
	Replicas    int64    // of journals and files
	Cache       Bytes    // of each cell's files on this machine
	Standby     bool     // keep the files of cells that others have at hand
	Lease       time.Duration
}

// Auth is how people come in, besides login and password.
type Auth struct {
	SignUp    bool   // by themselves
	URL       string // under which browsers reach the node
	Providers string // file that lists OpenID Connect providers
}

// Inbox is how messages leave the node.
type Inbox struct {
	Allow []string // hosts in a private network that may be called all the same
	CA    string   // file with further authorities of other servers' certificates
}

// Log is what the process writes about itself.
type Log struct {
	Level  slog.Level
	Format string
}

// Key is one row of the table.
type Key struct {
	Name    string // "http.address"
	Flag    string // "http"; "" for keys that only file and environment set
	Default string // as it would be written
	Help    text.Text
	// Field is the place of the value: *string, *bool, *int64, *Bytes, *time.Duration, *slog.Level or *[]string.
	Field func(*Config) any
	// Check tells what is wrong with a value that parsed, and how to mend it; may be nil.
	Check func(*Config) error
	// Mask hides what must not be shown; nil for values that are no secret.
	Mask func(shown string) string
}

// Env is the environment variable of the key.
func (k *Key) Env() string { return envName(k.Name) }
