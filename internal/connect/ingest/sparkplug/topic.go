package sparkplug

import (
	"strings"
	"unicode/utf8"
)

// verb is the kind of a message, from its topic.
type verb uint8

const (
	nbirth verb = iota + 1
	ndeath
	ndata
	dbirth
	ddeath
	ddata
	ncmd
	dcmd
)

var verbs = map[string]verb{"NBIRTH": nbirth, "NDEATH": ndeath, "NDATA": ndata, "DBIRTH": dbirth, "DDEATH": ddeath, "DDATA": ddata,
	"NCMD": ncmd, "DCMD": dcmd}

var verbNames = [...]string{"", "NBIRTH", "NDEATH", "NDATA", "DBIRTH", "DDEATH", "DDATA", "NCMD", "DCMD"}

// ofDevice tells whether a topic of this kind names a device.
func (v verb) ofDevice() bool { return v == dbirth || v == ddeath || v == ddata || v == dcmd }

const (
	namespace = "spBv1.0"
	// MaxKey bounds a device's key, "group/node" or "group/node/device", in bytes.
	MaxKey = 200
	// maxName bounds a metric's name, which is the address of a point, in bytes.
	maxName = 200
)

// topic is a topic taken apart: spBv1.0/{group}/{verb}/{node}[/{device}].
type topic struct {
	verb                verb
	group, node, device string
}

// parseTopic takes a topic apart; why is "" where it is one.
func parseTopic(s string) (t topic, why string) {
	rest, ok := strings.CutPrefix(s, namespace+"/")
	if !ok {
		return t, "does not begin with spBv1.0/"
	}
	if len(s) > MaxKey+20 || !utf8.ValidString(s) || strings.ContainsAny(s, "+#\x00") {
		return t, "is too long, no UTF-8, or holds + or #"
	}
	group, rest, _ := strings.Cut(rest, "/")
	name, rest, _ := strings.Cut(rest, "/")
	node, device, more := strings.Cut(rest, "/")
	t = topic{verbs[name], group, node, device}
	switch {
	case t.verb == 0:
		return t, "has no verb of Sparkplug at its third place (NBIRTH, NDATA, DBIRTH, …)"
	case group == "" || node == "" || strings.Contains(device, "/"):
		return t, "wants spBv1.0/group/verb/node or spBv1.0/group/verb/node/device"
	case t.verb.ofDevice() != more || more && device == "":
		return t, "has a device where its verb wants none, or none where it wants one"
	case len(t.key()) > MaxKey:
		return t, "names a device in more than 200 bytes"
	}
	return t, ""
}

// nodeKey is "group/node", key that of the device.
func (t *topic) nodeKey() string { return t.group + "/" + t.node }

func (t *topic) key() string {
	if t.device == "" {
		return t.nodeKey()
	}
	return t.nodeKey() + "/" + t.device
}

// MayPublish tells whether a sender may publish to a topic: the messages of edge nodes, and only those of one device (by
// its key) where its credential is limited to one. A limit to "group/node" takes in the node's devices.
func (c *Config) MayPublish(name, limit string) bool {
	t, why := parseTopic(name)
	if why != "" || t.verb == ncmd || t.verb == dcmd || !c.takes(t.group) {
		return false
	}
	return limit == "" || t.key() == limit || t.nodeKey() == limit
}

// MaySubscribe tells whether a sender may subscribe to a filter: commands, and the state of hosts; only to the commands
// of its own edge node where its credential is limited to one.
func (c *Config) MaySubscribe(filter, limit string) bool {
	if host, ok := strings.CutPrefix(filter, "STATE/"); ok {
		return host != ""
	}
	rest, ok := strings.CutPrefix(filter, namespace+"/")
	if !ok || rest == "" {
		return false
	}
	level := strings.SplitN(rest, "/", 4)
	if level[0] == "STATE" || limit == "" {
		return true
	}
	group, node, _ := strings.Cut(limit, "/")
	node, _, _ = strings.Cut(node, "/")
	return len(level) >= 3 && level[0] == group && (level[1] == "NCMD" || level[1] == "DCMD") && level[2] == node
}

func (c *Config) takes(group string) bool {
	if len(c.Groups) == 0 {
		return true
	}
	for _, g := range c.Groups {
		if g == group {
			return true
		}
	}
	return false
}

// Filters are what a host subscribes to at a broker of others: the messages of edge nodes, not the commands that hosts
// send, and the state of this host.
func (c *Config) Filters() []string {
	groups := c.Groups
	if len(groups) == 0 {
		groups = []string{"+"}
	}
	var out []string
	for _, g := range groups {
		for v := nbirth; v <= ddata; v++ {
			f := namespace + "/" + g + "/" + verbNames[v] + "/+"
			if v.ofDevice() {
				f += "/+"
			}
			out = append(out, f)
		}
	}
	if c.Host == "" {
		return out
	}
	return append(out, c.stateTopic(), "STATE/"+c.Host)
}

// matches tells whether a topic matches a subscription's filter.
func matches(filter, name string) bool {
	for {
		f, fRest, fMore := strings.Cut(filter, "/")
		n, nRest, nMore := strings.Cut(name, "/")
		if f == "#" {
			return true
		}
		if f != "+" && f != n {
			return false
		}
		if !fMore || !nMore {
			return fMore == nMore || fMore && fRest == "#"
		}
		filter, name = fRest, nRest
	}
}
