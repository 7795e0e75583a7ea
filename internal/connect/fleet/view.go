package fleet

import (
	"encoding/json"
	"fmt"
	"strconv"
	"time"

	"github.com/google/uuid"

	"jingwei/internal/connect/driver"
	"jingwei/internal/kernel/store"
	"jingwei/internal/kernel/text"
)

// Trouble is an error in plain words.
type Trouble struct {
	Code string    `json:"code"`
	Text text.Text `json:"text"`
	Time time.Time `json:"time"`
}

func trouble(f *driver.Failure) *Trouble {
	if f == nil {
		return nil
	}
	return &Trouble{Code: f.Code, Text: f.Text, Time: f.Time}
}

// SpoolView is a gateway's spool as it is answered. 64-bit numbers are strings.
type SpoolView struct {
	Bytes       string     `json:"bytes" doc:"On the gateway's disk"`
	MaxBytes    string     `json:"maxBytes" doc:"Its bound"`
	Records     string     `json:"records" doc:"Batches that the node does not have yet"`
	Samples     string     `json:"samples" doc:"Samples in them: at risk until they are here"`
	Oldest      *time.Time `json:"oldest,omitempty" doc:"Gateway time of the oldest of them"`
	Full        bool       `json:"full"`
	Dropped     string     `json:"dropped" doc:"Samples that the full spool could not take since the gateway started"`
	Quarantined string     `json:"quarantined" doc:"Samples that the node refused and the gateway keeps aside"`
}

// LinkView is a link as it is answered.
type LinkView struct {
	ID                uuid.UUID       `json:"id" format:"uuid"`
	Gateway           uuid.UUID       `json:"gateway" format:"uuid"`
	Name              text.Text       `json:"name"`
	Driver            string          `json:"driver"`
	Endpoint          string          `json:"endpoint" doc:"Where it leads"`
	Config            json.RawMessage `json:"config" doc:"Secrets are masked; sent back masked or left out they stay as they are"`
	State             string          `json:"state" enum:"starting,connecting,connected,resting,waiting,stopped,unknown" doc:"unknown while the gateway is not online"`
	RequestsPerSecond float64         `json:"requestsPerSecond"`
	RoundTripMs       float64         `json:"roundTripMs,omitempty"`
	Errors            string          `json:"errors" doc:"Since the link started"`
	LastError         *Trouble        `json:"lastError,omitempty"`
	Attention         *Attention      `json:"attention,omitempty" doc:"What a person has to decide before the link can work"`
	ETag              string          `json:"etag"`
}

// Attention is what a person has to decide: whether the certificate that a device shows is the right one. It is
// approved with config.serverFingerprint.
type Attention struct {
	Code        string     `json:"code" doc:"certificate.untrusted"`
	Text        text.Text  `json:"text"`
	Fingerprint string     `json:"fingerprint" doc:"SHA-256 of the certificate, hex"`
	Subject     string     `json:"subject,omitempty"`
	NotAfter    *time.Time `json:"notAfter,omitempty"`
}

func attention(f *driver.Failure) *Attention {
	if f == nil || f.Code != driver.CodeUntrusted || f.Attr[driver.AttrFingerprint] == "" {
		return nil
	}
	a := &Attention{Code: f.Code, Text: f.Text, Fingerprint: f.Attr[driver.AttrFingerprint], Subject: f.Attr[driver.AttrSubject]}
	if t, err := time.Parse(time.RFC3339, f.Attr[driver.AttrNotAfter]); err == nil {
		a.NotAfter = &t
	}
	return a
}

// View is a gateway as it is answered.
type View struct {
	ID               uuid.UUID  `json:"id" format:"uuid"`
	Org              uuid.UUID  `json:"org" format:"uuid"`
	Name             text.Text  `json:"name"`
	Site             *uuid.UUID `json:"site,omitempty" format:"uuid"`
	State            State      `json:"state" enum:"waiting,online,offline"`
	Enrolled         *time.Time `json:"enrolled,omitempty"`
	LastSeen         *time.Time `json:"lastSeen,omitempty"`
	RTTMs            *float64   `json:"rttMs,omitempty" doc:"Round trip of the link"`
	ClockOffsetMs    *float64   `json:"clockOffsetMs,omitempty" doc:"Gateway's clock minus the node's"`
	SamplesPerSecond float64    `json:"samplesPerSecond"`
	Spool            *SpoolView `json:"spool,omitempty" doc:"As last told"`
	LastError        *Trouble   `json:"lastError,omitempty"`
	Version          string     `json:"version,omitempty" doc:"Its software"`
	Memory           string     `json:"memory,omitempty" doc:"Its resident set in bytes"`
	CertificateUntil *time.Time `json:"certificateUntil,omitempty"`
	ConfigCurrent    bool       `json:"configCurrent" doc:"The configuration that the node wants is in force"`
	Links            []LinkView `json:"links" nullable:"false"`
	ETag             string     `json:"etag"`
}

// viewLocked describes a gateway; s.mu is held.
func (s *Service) viewLocked(p *peer) View {
	v := View{ID: p.g.ID, Org: p.g.Org, Name: p.g.Name, State: Offline, Enrolled: store.Instant(p.g.Enrolled), LastSeen: store.Instant(p.g.Seen),
		LastError: trouble(p.failure), Version: p.g.Software, CertificateUntil: store.Instant(p.g.NotAfter), Links: []LinkView{}, ETag: p.g.ETag()}
	if p.g.Site != uuid.Nil {
		site := p.g.Site
		v.Site = &site
	}
	if p.g.Enrolled == 0 {
		v.State = Waiting
	}
	online := p.session != nil
	if online {
		v.State = Online
		_, heard := p.session.Conn().Stats()
		heard = heard.UTC()
		v.LastSeen = &heard
		if c := p.session.Conn().Clock(); c.Known {
			trip, offset := float64(c.RoundTrip.Microseconds())/1000, float64(c.Offset.Microseconds())/1000
			v.RTTMs, v.ClockOffsetMs = &trip, &offset
		}
	}
	if st := p.status; st != nil {
		v.Spool = &SpoolView{Bytes: strconv.FormatInt(st.Spool.Bytes, 10), MaxBytes: strconv.FormatInt(st.Spool.MaxBytes, 10),
			Records: fmt.Sprint(st.Spool.Batches), Samples: fmt.Sprint(st.Spool.Samples), Oldest: st.Spool.Oldest, Full: st.Spool.Full,
			Dropped: fmt.Sprint(st.Samples.Dropped), Quarantined: fmt.Sprint(st.Spool.Quarantine.Samples)}
		if online {
			v.SamplesPerSecond = st.Samples.PerSecond
			v.Memory = strconv.FormatInt(st.Memory, 10)
			v.ConfigCurrent = st.Hash == p.hash
		}
	}
	if a := p.applied; online && a.Error != "" {
		v.LastError = &Trouble{Code: "configuration", Text: text.Text{Zh: a.Error, En: a.Error}, Time: a.Time}
	}
	for i := range p.links {
		l := s.linkView(&p.links[i], p, online)
		if online && l.State == string(driver.Waiting) && l.LastError != nil && (v.LastError == nil || l.LastError.Time.After(v.LastError.Time)) {
			v.LastError = l.LastError
		}
		v.Links = append(v.Links, l)
	}
	return v
}

func (s *Service) linkView(l *Link, p *peer, online bool) LinkView {
	v := LinkView{ID: l.ID, Gateway: l.Gateway, Name: l.Name, Driver: l.Driver, Endpoint: s.endpoint(l), Config: s.masked(l.Driver, l.Config), State: "unknown", Errors: "0", ETag: l.ETag()}
	if p == nil || p.status == nil {
		return v
	}
	for i := range p.status.Links {
		st := &p.status.Links[i]
		if st.ID != l.ID.String() {
			continue
		}
		var errors uint64
		for _, n := range st.Errors {
			errors += n
		}
		v.Errors, v.LastError = fmt.Sprint(errors), trouble(st.LastError)
		if online {
			v.State, v.RequestsPerSecond, v.RoundTripMs = string(st.Phase), st.RequestsPerSecond, st.RoundTripP50Ms
			if st.Phase != driver.Connected && st.Phase != driver.Resting {
				v.Attention = attention(st.LastError)
			}
		}
	}
	return v
}

// View describes one gateway as it is now; false when it is not there.
func (s *Service) View(id uuid.UUID) (View, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.peers[id]
	if p == nil {
		return View{}, false
	}
	return s.viewLocked(p), true
}
