// Package opcua is the OPC UA client driver: it reads and subscribes to variables of a server over the binary protocol,
// signed and encrypted wherever the server can do it, with the server's certificate approved by a person. Reconnecting
// is the supervisor's business alone (package driver); a session here dies of the first thing that is wrong with its
// connection, and of nothing else: a bad node is a status of its point, and a service that fails is the answer to one
// request.
package opcua
