package broker

import "strings"

// Matches tells whether a topic filter takes a topic (MQTT 5.0, 4.7). A wildcard at the beginning takes no topic that
// begins with $.
func Matches(filter, topic string) bool {
	if len(topic) > 0 && topic[0] == '$' && len(filter) > 0 && (filter[0] == '+' || filter[0] == '#') {
		return false
	}
	for {
		f, fRest, fMore := strings.Cut(filter, "/")
		if f == "#" {
			return true
		}
		t, tRest, tMore := strings.Cut(topic, "/")
		if f != "+" && f != t {
			return false
		}
		if !tMore {
			return !fMore || fRest == "#" // a/# takes a
		}
		if !fMore {
			return false
		}
		filter, topic = fRest, tRest
	}
}

// Covers tells whether every topic that filter takes is taken by bound too: what a client may subscribe to.
func Covers(bound, filter string) bool {
	for {
		b, bRest, bMore := strings.Cut(bound, "/")
		if b == "#" {
			return true
		}
		f, fRest, fMore := strings.Cut(filter, "/")
		if f == "#" || b != "+" && f != b {
			return false
		}
		if !fMore {
			return !bMore || bRest == "#"
		}
		if !bMore {
			return false
		}
		bound, filter = bRest, fRest
	}
}
