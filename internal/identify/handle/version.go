package handle

import "fmt"

// Version is a version of the protocol.
type Version struct{ Major, Minor uint8 }

// The versions between which this node speaks, and where the protocol changed.
var (
	OldestVersion = Version{2, 1}
	NewestVersion = Version{2, 11}

	sha1Version   = Version{2, 1}  // digests by SHA-1, challenges always with the request's digest
	referVersion  = Version{2, 5}  // 202 and 303 are understood
	sha256Version = Version{2, 7}  // digests and signatures by SHA-256, secret keys by PBKDF2
	boundVersion  = Version{2, 6}  // signatures and codes are over parts of the envelope, too
	bound8Version = Version{2, 8}  // and over the suggested version
	dsa256Version = Version{2, 11} // DSA signatures by SHA-256
)

// AtLeast reports whether v is o or later.
func (v Version) AtLeast(o Version) bool {
	return v.Major > o.Major || v.Major == o.Major && v.Minor >= o.Minor
}

// String is such as "2.11".
func (v Version) String() string { return fmt.Sprintf("%d.%d", v.Major, v.Minor) }

// Speak is the version in which a message is answered: the sender's suggestion, or without one (major 0) the message's own,
// within what this node speaks. "5.0", which old clients send for 2.0, is spoken to as the oldest.
func Speak(message, suggested Version) Version {
	v := suggested
	if v.Major == 0 {
		v = message
	}
	if v.Major == 5 && v.Minor == 0 || !v.AtLeast(OldestVersion) {
		return OldestVersion
	}
	if v.AtLeast(NewestVersion) {
		return NewestVersion
	}
	return v
}

// DownMap is a code as a client of an older version knows it: before 2.5, 202 is 2 and 303 is 302.
func DownMap(c Code, v Version) Code {
	if v.AtLeast(referVersion) {
		return c
	}
	switch c {
	case InvalidValue:
		return Failed
	case PrefixReferral:
		return ServiceReferral
	}
	return c
}
