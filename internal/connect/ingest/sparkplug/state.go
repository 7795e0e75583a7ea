package sparkplug

import (
	"encoding/json"
	"strconv"
	"strings"
	"time"
)

// Certificate is a retained message of the host itself, QoS 1.
type Certificate struct {
	Topic   string
	Payload []byte
}

func (c *Config) stateTopic() string { return namespace + "/STATE/" + c.Host }

func (c *Config) certificate(online bool, ms int64) Certificate {
	return Certificate{c.stateTopic(), []byte(`{"online":` + strconv.FormatBool(online) + `,"timestamp":` + strconv.FormatInt(ms, 10) + `}`)}
}

func (c *Config) certificate22(online bool) Certificate {
	word := "OFFLINE"
	if online {
		word = "ONLINE"
	}
	return Certificate{"STATE/" + c.Host, []byte(word)}
}

// Will is the death certificate to give with CONNECT at a broker of others: QoS 1, retained. Its time is that of the next
// Online, as the specification wants. ok is false where the source has no host identifier.
func (h *Host) Will(at time.Time) (c Certificate, ok bool) {
	h.state.Lock()
	defer h.state.Unlock()
	h.state.at, h.state.online = at.UnixMilli(), false
	return h.c.certificate(false, h.state.at), h.c.Host != ""
}

// Online publishes the birth certificate. It is the first thing to do when a connection stands and has subscribed; it
// has the time of the Will of that connection.
func (h *Host) Online() error {
	h.state.Lock()
	if h.state.at == 0 {
		h.state.at = h.o.Now().UnixMilli()
	}
	h.state.online = true
	at := h.state.at
	h.state.Unlock()
	return h.publish(true, at)
}

// Offline publishes the death certificate, with the time of now: right before the connection is closed on purpose.
func (h *Host) Offline() error {
	h.state.Lock()
	was := h.state.online
	h.state.online = false
	h.state.Unlock()
	if !was {
		return nil
	}
	return h.publish(false, h.o.Now().UnixMilli())
}

func (h *Host) publish(online bool, at int64) error {
	if h.c.Host == "" {
		return nil
	}
	c := h.c.certificate(online, at)
	err := h.o.Send(c.Topic, c.Payload, 1, true)
	if h.c.State22 && err == nil {
		c = h.c.certificate22(online)
		err = h.o.Send(c.Topic, c.Payload, 1, true)
	}
	return err
}

// Retained are the certificates that match a subscription of an edge node at the embedded broker: it sends them, retained,
// after the acknowledgement.
func (h *Host) Retained(filter string) []Certificate {
	h.state.Lock()
	online, at := h.state.online, h.state.at
	h.state.Unlock()
	if h.c.Host == "" || at == 0 {
		return nil
	}
	var out []Certificate
	if c := h.c.certificate(online, at); matches(filter, c.Topic) {
		out = append(out, c)
	}
	if c := h.c.certificate22(online); h.c.State22 && matches(filter, c.Topic) {
		out = append(out, c)
	}
	return out
}

// told takes a state message: somebody who says that this host is offline while it is not is answered with its birth,
// at most once a second.
func (h *Host) told(name string, payload []byte) {
	host, form30 := strings.CutPrefix(name, namespace+"/STATE/")
	if !form30 {
		host = strings.TrimPrefix(name, "STATE/")
	}
	if host != h.c.Host || h.c.Host == "" {
		return
	}
	offline := false
	if form30 {
		var s struct {
			Online *bool `json:"online"`
		}
		offline = len(payload) < 1024 && json.Unmarshal(payload, &s) == nil && s.Online != nil && !*s.Online
	} else {
		offline = h.c.State22 && string(payload) == "OFFLINE"
	}
	now := h.o.Now()
	h.state.Lock()
	say := offline && h.state.online
	if wait := say && now.Sub(h.state.asserted) < time.Second; wait {
		h.state.again, say = true, false // the last word must be ours, a second later
	}
	if say {
		h.state.asserted = now
	}
	at, again := h.state.at, h.state.again
	h.state.Unlock()
	if again {
		h.poke()
	}
	if say {
		h.assert(at)
	}
}

func (h *Host) assert(at int64) {
	if err := h.publish(true, at); err != nil {
		h.o.Logger.Warn("publish the host's state", "err", err)
	}
}

// restate asserts once more where that was put off; true while it is.
func (h *Host) restate() bool {
	h.state.Lock()
	now := h.o.Now()
	due := h.state.again && h.state.online && now.Sub(h.state.asserted) >= time.Second
	if due {
		h.state.again, h.state.asserted = false, now
	}
	at, waits := h.state.at, h.state.again && h.state.online
	h.state.Unlock()
	if due {
		h.assert(at)
	}
	return waits
}
