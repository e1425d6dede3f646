"""A Jam.py application for a test: `application.py FOLDER` creates it in that folder, with the
database `demo.sqlite` there, serves it on the loopback interface, and prints the port."""

import os
import sqlite3
import subprocess
import sys

# The server module, as one writes it in Jam.py's builder.
SERVER_CODE = '''
import time
from types import SimpleNamespace as Record

def sell(task, track):
    with task.lock('invoice_saved'):
        connection = task.connect()
        try:
            cursor = connection.cursor()
            cursor.execute('SELECT TRACKS_SOLD FROM DEMO_TRACKS WHERE ID = ?', (track,))
            sold = cursor.fetchone()[0] or 0
            time.sleep(0.002)
            cursor.execute('INSERT INTO DEMO_INVOICE_TABLE (DELETED, MASTER_ID, TRACK, QUANTITY)'
                           ' VALUES (0, 0, ?, 1)', (track,))
            cursor.execute('UPDATE DEMO_TRACKS SET TRACKS_SOLD = ? WHERE ID = ?', (sold + 1, track))
            connection.commit()
        finally:
            connection.close()
    return sold + 1

def apply(task, track, times):
    """Calls `on_apply` of examples/from_jam as Jam.py does when an invoice is saved."""
    line = Record(track=Record(value=track), quantity=Record(value=1))
    connection = task.connect()
    try:
        for _ in range(times):
            on_apply(Record(task=task), [line], {}, connection)
    finally:
        connection.close()
    return 'applied'

def try_lock(task):
    try:
        with task.lock('invoice_saved', timeout=0):
            return 'acquired'
    except Exception as error:
        return type(error).__name__
'''

# The handler that the example has moved to Rust.
HANDLER = os.path.join(os.path.dirname(__file__), "../../examples/from_jam/handler.py")


def main(folder):
    os.chdir(folder)
    script = os.path.join(os.path.dirname(sys.executable), "jam-project.py")
    subprocess.run([sys.executable, script], check=True, stdout=subprocess.DEVNULL)
    configure()
    serve()


def configure():
    """Sets what the builder requests in a new project."""
    with open(HANDLER) as handler:
        code = SERVER_CODE + handler.read()
    with sqlite3.connect("admin.sqlite") as admin:
        admin.execute("UPDATE SYS_PARAMS SET F_LANGUAGE = 1, F_SAFE_MODE = 0")
        admin.execute("UPDATE SYS_TASKS SET F_NAME = 'Demo', F_ITEM_NAME = 'demo', F_DB_TYPE = 1,"
                      " F_ALIAS = 'demo.sqlite'")
        admin.execute("UPDATE SYS_ITEMS SET F_NAME = 'Demo', F_ITEM_NAME = 'demo',"
                      " F_SERVER_MODULE = ? WHERE ID = 1", (code,))
    admin.close()


def serve():
    from jam.wsgi import create_application

    application = create_application(os.getcwd())
    # Jam.py ships it, and adds it to the path when it is imported.
    from werkzeug.serving import make_server

    server = make_server("127.0.0.1", 0, application, threaded=True)
    print(server.server_port, flush=True)
    server.serve_forever()


main(sys.argv[1])
