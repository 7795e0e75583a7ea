// Package config is the one configuration of a process: a typed struct, and one table that names each key, its default,
// its flag and its help (keys.go). A value comes from, in this order: a command-line flag, the environment, the
// configuration file, the default. `jingwei config` prints each value with where it came from.
//
//	key            flag       environment             file (YAML)
//	http.address   --http     JINGWEI_HTTP_ADDRESS    http:
//	                                                    address: 127.0.0.1:8480
//
// A later room adds its fields to Config and its rows to the table. A key that does not exist is an error that names
// the key, the place and the nearest key that does. A variable JINGWEI_… that belongs to no key is only told as a
// warning, because container platforms make such names by themselves.
package config
