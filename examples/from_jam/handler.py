"""The server module of `invoices` in a Jam.py application; main.rs is its port to Rust."""


def on_apply(item, delta, params, connection):
    with item.task.lock('invoice_saved', timeout=10):
        cursor = connection.cursor()
        for line in delta:
            track, quantity = line.track.value, line.quantity.value
            cursor.execute('SELECT TRACKS_SOLD FROM DEMO_TRACKS WHERE ID = ?', (track,))
            sold = (cursor.fetchone()[0] or 0) + quantity
            cursor.execute('UPDATE DEMO_TRACKS SET TRACKS_SOLD = ? WHERE ID = ?', (sold, track))
        connection.commit()
