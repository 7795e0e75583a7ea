// Package inbox gives people and organisations what other rooms have to tell them: to-dos, which are done when the thing that
// they are about says so, and messages, which are read or not. What it holds is the truth; mail, SMS, group robots and webhooks
// only carry it out, as their owners ask for it.
//
// A room hands a Message to Put, in its own transaction if it has one. Run sends it on later: each channel gets each item at
// least once, with growing pauses, under a key by which the other side can tell that it has it already. What cannot be delivered
// becomes a dead letter that its owner sees, with the reason in plain words, and may send again. Queues are bounded.
//
// Nothing is sent to an address that has not been verified by a code, except that code. Outbound connections go to public
// addresses only, unless the node's configuration names the host (kernel/outward).
//
// Sources: RFC 5321 and 3207 (SMTP, STARTTLS), 4954 (AUTH), 2104 (HMAC); the signing rules of robots stand with sign.go.
package inbox
