// Package resolve is `jingwei bench resolve`: how fast the node's handle server resolves over UDP, TCP and HTTP, beside a bare
// UDP echo on the same sockets with the same batching and a bare net/http handler, in the same run and in turns.
//
// Load and servers share the process and the machine. So beside rates the CPU time of the server for each answer is told: that
// of the process without that of the threads which make the load.
package resolve
