"""Drives the REST interface with pyhandle and prints PASS or FAIL for each step. Arguments: the server's URL, user, secret."""
import sys
import traceback

from pyhandle.handleclient import PyHandleClient
from pyhandle.handleexceptions import HandleAlreadyExistsException, HandleNotFoundException

url, user, secret = sys.argv[1:4]
client = PyHandleClient("rest").instantiate_with_username_and_password(
    url, user, secret, HTTPS_verify=False, handleowner="301:0.NA/88.1"
)
name = "88.1/py-泵"


def step(what, do):
    try:
        do()
        print("PASS", what)
    except Exception as problem:  # every failure is the finding
        print("FAIL", what, repr(problem).replace("\n", " ")[:600])


def same(got, want):
    assert got == want, (got, want)


def raises(kind, do):
    try:
        do()
    except kind:
        return
    raise AssertionError("nothing was raised")


step("register", lambda: same(client.register_handle(name, "https://example.org/1", checksum="abc"), name))
step("register again", lambda: raises(HandleAlreadyExistsException, lambda: client.register_handle(name, "https://example.org/1")))
step("retrieve", lambda: same(client.retrieve_handle_record(name)["URL"], "https://example.org/1"))
step("get one value", lambda: same(client.get_value_from_handle(name, "CHECKSUM"), "abc"))
step("modify", lambda: client.modify_handle_value(name, CHECKSUM="def", NEW="x"))
step("modified", lambda: same(client.get_value_from_handle(name, "CHECKSUM"), "def"))
step("added", lambda: same(client.get_value_from_handle(name, "NEW"), "x"))
step("delete a value", lambda: client.delete_handle_value(name, "NEW"))
step("value deleted", lambda: same(client.get_value_from_handle(name, "NEW"), None))
step("overwrite", lambda: client.register_handle(name, "https://example.org/2", overwrite=True))
step("overwritten", lambda: same(client.get_value_from_handle(name, "URL"), "https://example.org/2"))
step("list", lambda: same(name in client.list_handles(prefix="88.1"), True) if hasattr(client, "list_handles") else None)
step("delete", lambda: client.delete_handle(name))
step("deleted", lambda: same(client.retrieve_handle_record_json(name), None))
step("delete what is not there", lambda: raises(HandleNotFoundException, lambda: client.delete_handle(name)))
print("END")
