package handle

import "strconv"

// Operation is what a message asks for (RFC 3652, section 2.2.2.1).
type Operation uint32

// The operations that are understood.
const (
	Resolve          Operation = 1
	GetSiteInfo      Operation = 2
	CreateHandle     Operation = 100
	DeleteHandle     Operation = 101
	AddValue         Operation = 102
	RemoveValue      Operation = 103
	ModifyValue      Operation = 104
	ListHandles      Operation = 105
	ListDerived      Operation = 106
	AnswerChallenge  Operation = 200
	VerifyAnswer     Operation = 201
	HomePrefix       Operation = 300
	UnhomePrefix     Operation = 301
	ListHomed        Operation = 302
	SessionSetup     Operation = 400
	SessionTerminate Operation = 401
	SessionExchange  Operation = 402
	NextTransaction  Operation = 1000
	RetrieveLog      Operation = 1001
	DumpHandles      Operation = 1002
	BackupServer     Operation = 1003
)

// Code says how an operation went (RFC 3652, section 2.2.2.2, and DO-IRP); 0 in a request.
type Code uint32

// The codes that are sent or understood.
const (
	Request              Code = 0
	Success              Code = 1
	Failed               Code = 2
	Busy                 Code = 3
	ProtocolError        Code = 4
	NotSupported         Code = 5
	RecursionTooHigh     Code = 6
	ServerBackup         Code = 7
	NotFound             Code = 100
	AlreadyExists        Code = 101
	InvalidName          Code = 102
	ValueNotFound        Code = 200
	ValueExists          Code = 201
	InvalidValue         Code = 202
	SiteOutOfDate        Code = 300
	NotResponsible       Code = 301
	ServiceReferral      Code = 302
	PrefixReferral       Code = 303
	InvalidAdmin         Code = 400
	NoPermission         Code = 401
	Unauthenticated      Code = 402 // the answer is a challenge
	AuthenticationFailed Code = 403
	InvalidCredential    Code = 404
	ChallengeExpired     Code = 405
	CannotAuthenticate   Code = 406
	SessionTimeout       Code = 500
	SessionFailed        Code = 501
	InvalidSessionKey    Code = 502
	NeedRSAKey           Code = 503
	InvalidSession       Code = 504
	Replayed             Code = 505
)

var codeTexts = map[Code]string{
	Success: "success", Failed: "error", Busy: "server busy", ProtocolError: "protocol error",
	NotSupported: "operation not supported", RecursionTooHigh: "recursion count too high", ServerBackup: "server in backup",
	NotFound: "handle not found", AlreadyExists: "handle already exists", InvalidName: "invalid handle",
	ValueNotFound: "values not found", ValueExists: "value already exists", InvalidValue: "invalid value",
	SiteOutOfDate: "site information out of date", NotResponsible: "server not responsible", ServiceReferral: "service referral",
	PrefixReferral: "prefix referral", InvalidAdmin: "invalid administrator", NoPermission: "insufficient permissions",
	Unauthenticated: "authentication needed", AuthenticationFailed: "authentication failed", InvalidCredential: "invalid credential",
	ChallengeExpired: "authentication timed out", CannotAuthenticate: "unable to authenticate", SessionTimeout: "session timed out",
	SessionFailed: "unable to establish session", InvalidSessionKey: "invalid session key", NeedRSAKey: "RSA key needed",
	InvalidSession: "invalid session setup", Replayed: "duplicate message rejected",
}

// String is the code with its meaning, such as "100 handle not found".
func (c Code) String() string {
	if t, ok := codeTexts[c]; ok {
		return strconv.Itoa(int(c)) + " " + t
	}
	return strconv.Itoa(int(c))
}

// Flags are the operation flags of a header (RFC 3652, section 2.2.2.3, and DO-IRP).
type Flags uint32

// The bits of Flags.
const (
	FlagAuthoritative Flags = 0x80000000 // ask the primary
	FlagCertify       Flags = 0x40000000 // the answer is to be signed
	FlagEncrypt       Flags = 0x20000000 // the answer is to be encrypted with the session's key
	FlagRecursive     Flags = 0x10000000 // the server may ask others
	FlagCacheCertify  Flags = 0x08000000 // a cache may check signatures itself
	FlagContinuous    Flags = 0x04000000 // more messages of the same answer follow
	FlagKeepAlive     Flags = 0x02000000 // the connection is to stay open
	FlagPublicOnly    Flags = 0x01000000 // only values that everybody may read
	FlagReturnDigest  Flags = 0x00800000 // the answer begins with the digest of the request
	FlagOverwrite     Flags = 0x00400000 // create may replace
	FlagMint          Flags = 0x00200000 // the server is to make the suffix
	FlagDoNotRefer    Flags = 0x00100000 // answer 301 rather than a referral
)
