// Package channel is OPC UA's secure conversation over TCP (OPC 10000-6, 6.7 and 7.1), both ends of it: chunks, their
// signatures and encryption, security tokens and their renewal. It carries service messages and knows nothing of
// sessions. Messages and cryptography are gopcua's (packages ua and uapolicy); the conversation is our own, because a
// link has to outlive everything that a server may say (docs/decisions/0009):
//
//   - a ServiceFault is the answer to one request and ends nothing;
//   - a message that cannot be decoded costs its own request, and a panic while decoding costs the connection, never
//     the process;
//   - the answer to OpenSecureChannel must bear the certificate and the policy that were asked for;
//   - answers come back in the order in which they arrived, and every goroutine is gone when Close returns.
package channel
