package handle

import "time"

// Every limit of the protocol that this node keeps, in one place. Those with a source are the protocol's own, the others
// are ours; what is refused because of one names it.
const (
	// MaxPacket is the size of a UDP packet in bytes, envelope included (RFC 3652, section 2.3).
	MaxPacket = 512
	// MaxPayload is what a packet carries after its envelope, in bytes.
	MaxPayload = MaxPacket - EnvelopeSize
	// MaxMessage is the length of a message without its envelope, in bytes.
	MaxMessage = 262_144
	// MaxName is the length of a handle, in bytes of UTF-8.
	MaxName = 2048
	// MaxType is the length of a value's type, in bytes.
	MaxType = 256
	// MaxData is the length of a value's data, in bytes; the limit of a message comes first.
	MaxData = 1 << 20
	// MaxValues is the number of values of one handle.
	MaxValues = 2048
	// MaxReferences is the number of references of one value.
	MaxReferences = 64
	// MaxFilters is the number of indexes and of types that one question may name.
	MaxFilters = 2048
	// MaxList is the number of handles in one message of a list.
	MaxList = 1024
	// MaxServers is the number of servers of a site, MaxInterfaces of interfaces of a server, MaxAttributes of attributes of a site.
	MaxServers, MaxInterfaces, MaxAttributes = 256, 16, 64
	// MaxVList is the number of references in one HS_VLIST, MaxVListDepth how many lists inside lists are followed.
	MaxVList, MaxVListDepth = 1024, 8
	// MaxKey is the length of a public key's data, in bytes; MaxKeyBits the size of an RSA modulus or DSA prime.
	MaxKey, MaxKeyBits = 8192, 8192
	// MinKeyBits is the least RSA modulus whose signature is believed.
	MinKeyBits = 1024
	// MaxAnswer is the length of an answer to a challenge, in bytes.
	MaxAnswer = 8192
	// MaxToken is the length of an HS_CERT or HS_SIGNATURE, in bytes.
	MaxToken = 65_536
	// MinIterations and MaxIterations bound the PBKDF2 work that an answer may ask for.
	MinIterations, MaxIterations = 1, 20_000
	// MaxKeysTried is how many keys of a handle are tried for an answer that names none.
	MaxKeysTried = 8
	// MaxRecursion is how often a message may be passed on (header field recursionCount).
	MaxRecursion = 20
	// MaxTTL is the longest that a client keeps a value, whatever its TTL says (technical manual, section 5).
	MaxTTL = 48 * time.Hour
	// NonceSize is the length of a nonce that this node makes, in bytes.
	NonceSize = 16
)
