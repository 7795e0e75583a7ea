package ingest

import (
	"encoding/base64"
	"fmt"

	"jingwei/internal/connect/ingest/broker"
	"jingwei/internal/connect/ingest/intake"
	"jingwei/internal/connect/ingest/remote"
)

// readRemote reads a source's messages from a broker of others until the source stops.
func (in *inlet) readRemote(r *run) {
	_, raw, err := split(r.origin.Config)
	var c remoteConfig
	if err == nil {
		c, err = parseRemote(raw)
	}
	var o remote.Options
	if err == nil {
		o, err = in.remoteOptions(r, c)
	}
	if err == nil {
		err = remote.Run(r.ctx, o)
	}
	if err != nil {
		in.mu.Lock()
		in.failure = in.s.troubleOf("remote", err)
		in.mu.Unlock()
		in.touch()
	}
}

func (in *inlet) remoteOptions(r *run, c remoteConfig) (remote.Options, error) {
	tls, err := c.tls()
	if err != nil {
		return remote.Options{}, err
	}
	if c.ClientID == "" {
		id := r.origin.ID
		c.ClientID = "jw" + base64.RawURLEncoding.EncodeToString(id[:])[1:] // 23 characters, which every broker takes
	}
	qos := byte(1)
	if c.QoS != nil {
		qos = *c.QoS
	}
	o := remote.Options{URL: dialect(c.URL), ClientID: c.ClientID, Username: c.Username, Password: c.Password, TLS: tls, Filters: r.stream.Filters(), QoS: qos,
		Session: func(conn broker.Conn) broker.Session { return in.adoptConn(r, conn) },
		OnLarge: func(topic string, size int) {
			in.note(nil, intake.Trouble{Code: "message.large", Where: topic, Value: fmt.Sprint(size), Zh: "消息过大，未采集；请让设备分成较小的消息发送", En: "the message is too large and was not taken; let the device send smaller ones"})
		},
		Now: in.s.o.Now, Logger: in.log}
	if r.host != nil {
		// A host application begins each session anew and tells by its Will when it is gone (Sparkplug 3.0, 5.7).
		o.Clean = true
		o.Will = func() *remote.Will {
			w, ok := r.host.Will(in.s.o.Now())
			if !ok {
				return nil
			}
			return &remote.Will{Topic: w.Topic, Payload: w.Payload, QoS: 1, Retained: true}
		}
	}
	was := false
	o.OnState = func(st remote.State) {
		connected := st.Phase == remote.Connected
		in.mu.Lock()
		in.state = string(st.Phase)
		if was || in.since.IsZero() {
			in.since = st.Since
		}
		if st.Fault != nil {
			in.far = &Trouble{Code: st.Fault.Code, Text: st.Fault.Text, Where: c.URL, Time: st.Since.UTC()}
		}
		in.mu.Unlock()
		if r.host != nil && connected {
			_ = r.host.Online() // queued; a connection that cannot take it is ending
		}
		if r.host != nil && was && !connected {
			r.host.Lost(r.ctx)
		}
		was = connected
		in.touch()
	}
	return o, nil
}

// adoptConn makes the session of a connection to a broker of others.
func (in *inlet) adoptConn(r *run, conn broker.Conn) broker.Session {
	c := &session{in: in, run: r, conn: conn}
	in.mu.Lock()
	if in.run == r {
		in.sessions[c] = struct{}{}
	}
	in.mu.Unlock()
	return c
}

// dialect writes the schemes that other programs use for MQTT in the one that package remote takes.
func dialect(url string) string {
	for from, to := range map[string]string{"tcp://": "mqtt://", "ssl://": "mqtts://", "tls://": "mqtts://"} {
		if len(url) > len(from) && url[:len(from)] == from {
			return to + url[len(from):]
		}
	}
	return url
}
