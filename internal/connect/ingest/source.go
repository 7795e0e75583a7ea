package ingest

import (
	"encoding/json"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"

	"jingwei/internal/kernel/api"
	"jingwei/internal/kernel/text"
	"jingwei/internal/telemetry"
)

// Transport is how a source's messages come.
type Transport string

// The transports.
const (
	Broker Transport = "broker" // devices connect to the node's own MQTT broker
	Remote Transport = "remote" // the node subscribes at another broker
	HTTP   Transport = "http"   // devices and collectors push over HTTP
)

// Source is something that sends to the node without our gateway. Its id is the producer of its samples.
type Source struct {
	ID        uuid.UUID
	Org       uuid.UUID
	Name      text.Text
	Kind      string // one of Kinds
	Transport Transport
	Config    json.RawMessage  // the kind's, and "remote" for the broker that is read
	Adopt     uuid.UUID        // plant node under which machines are made of unknown devices; zero: none are made
	Origin    telemetry.Origin // Measured, or Replayed for simulators of recorded data
	Version   int64
}

// ETag names the version.
func (s *Source) ETag() string { return api.ETag(s.ID, s.Version) }

// Credential is how devices of a source sign in: its id with a secret, or a certificate.
type Credential struct {
	ID       uuid.UUID
	Source   uuid.UUID
	Org      uuid.UUID
	Name     string
	Device   string // the only device that it may speak for; "" for any
	Serial   string // of the certificate; "" for a secret
	NotAfter int64  // of the certificate, ns; 0 for a secret
	Created  int64
	Used     int64 // last sign-in, ns, exact to a minute; 0 for never
}

// Feed says which device feeds a machine. Times are ns since 1970 UTC.
type Feed struct {
	Machine uuid.UUID
	Org     uuid.UUID
	Source  uuid.UUID
	Device  string
	From    int64
	To      int64 // store.Forever while it lasts
	Grows   bool  // the source made the machine and adds points for metrics that come later
}

// Bounds.
const (
	maxName        = 100 // characters
	maxConfig      = 64 << 10
	maxSources     = 200  // of an organisation
	maxCredentials = 1000 // of a source
	maxDevices     = 10_000
	maxDeviceKey   = 200     // bytes
	maxMetrics     = 5000    // of a device, as points of a machine
	maxAdopted     = 100_000 // points that one source makes by itself
	maxSeen        = 20_000  // metrics of a source that are kept in memory for its page, beside those of machines
	maxMetricName  = 200     // characters, as addresses of points
	minute         = int64(time.Minute)
	adoptedSilence = 5 * time.Minute
	linger         = 60 * time.Millisecond // that messages of many devices share one sync of the disk
)

// badDevice tells what is wrong with a device's key, "" where nothing is.
func badDevice(key string) string {
	switch {
	case key == "":
		return "it is empty"
	case len(key) > maxDeviceKey:
		return "it has more than 200 bytes"
	case !utf8.ValidString(key):
		return "it is not UTF-8"
	case strings.IndexFunc(key, func(r rune) bool { return r < 0x20 || r == 0x7f }) >= 0:
		return "it holds control characters"
	}
	return ""
}
