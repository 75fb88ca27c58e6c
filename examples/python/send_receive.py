"""Two nodes in one program: one sends a document, the other registers it, accepts it and answers.

    make bindings
    PYTHONPATH=target/bindings/python python3 examples/python/send_receive.py
"""

import tempfile
from datetime import timedelta
from pathlib import Path

from congvan import (
    Attachment, CongvanError, Draft, EventKind, Link, Node, Options, PracticeAgency, Relation, practice_network,
)

PROVINCE, FINANCE = "000.00.00.H55", "000.00.01.H55"
PATIENCE = timedelta(seconds=60)


def wait_for(consumer, wanted):
    """The first event that is wanted; all before it are acknowledged unread, itself is not yet."""
    while event := consumer.next(PATIENCE):
        if wanted(event.what):
            return event
        consumer.acknowledge(event.number)
    raise TimeoutError("nothing came")


def main(dir: Path):
    # A network to practise in. A real agency has its directory from `congvan agency create`.
    province_dir, finance_dir = practice_network(str(dir / "network"), "Thái Nguyên", [
        PracticeAgency(code=PROVINCE, name="UBND tỉnh Thái Nguyên"),
        PracticeAgency(code=FINANCE, name="Sở Tài chính"),
    ])
    finance = Node.start(Options(dir=finance_dir, listen=["/ip4/127.0.0.1/tcp/0"]))
    province = Node.start(Options(dir=province_dir, bootstrap=finance.addresses()))
    try:
        report = dir / "bao-cao.txt"
        report.write_text("Số liệu tháng 11\n", encoding="utf-8")
        draft = Draft(
            to=[FINANCE], subject="Báo cáo tháng 11", number="12", notation="BC-UBND",
            attachments=[
                Attachment(file=str(report), media_type="text/plain"),
                Attachment(bytes=b"1;2;3\n", name="so-lieu.csv", media_type="text/csv"),
            ],
            key="bao-cao-11",
        )
        sent = province.send(draft)
        print(f"sent      {sent.id} as number {sent.number}")
        again = province.send(draft)  # a retry after a crash, say
        print(f"retried   {again.id}, repeated: {again.repeated}")

        # The other side, in its own software: what it does not acknowledge comes again.
        register = finance.consumer("register")
        event = wait_for(register, lambda what: isinstance(what, EventKind.RECEIVED))
        document = event.what.document
        print(f"received  {document.summary.id} from {document.summary.sender}: {document.summary.subject}")
        wait_for_attachments(finance, document.summary.id, province)
        finance.save_attachment(sent.id, 0, str(dir / "received.txt"))
        print(f"saved     {(dir / 'received.txt').read_text(encoding='utf-8').strip()}")
        print(f"read      {finance.attachment(sent.id, 1).decode().strip()}")
        register.acknowledge(event.number)

        finance.report(sent.id, "03", note="Đã tiếp nhận", staff="Văn thư")
        answer = finance.send(Draft(to=[PROVINCE], subject="V/v báo cáo tháng 11",
                                    links=[Link(relation=Relation.ANSWERS, document=sent.id)]))
        try:
            finance.report(sent.id, "13")
        except CongvanError.Rule as error:
            print(f"refused   {error}")

        # Back at the sender.
        followed = province.consumer("follow-up")
        event = wait_for(followed, lambda what: isinstance(what, EventKind.REPORTED) and what.status.status == "03")
        print(f"status    {event.what.status.status} {event.what.status.meaning_vi}: {event.what.status.note}")
        event = wait_for(followed, lambda what: isinstance(what, EventKind.RECEIVED))
        print(f"answered  {event.what.document.summary.id == answer.id}")
    finally:
        province.shutdown()
        finance.shutdown()
    try:
        finance.inbox()
    except CongvanError.Stopped as error:
        print(f"stopped   {error}")


def wait_for_attachments(node, id, sender):
    """An attachment comes apart from its document, from any peer that has it; the node then reports 01."""
    arrived = sender.consumer("arrivals")
    wait_for(arrived, lambda what: isinstance(what, EventKind.REPORTED) and what.status.document == id)
    assert node.document(id).summary.complete


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as made:
        main(Path(made))
