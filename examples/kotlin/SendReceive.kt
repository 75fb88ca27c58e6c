// Two nodes in one program: one sends a document, the other registers it and accepts it.
//
//   make bindings
//   kotlinc -cp /usr/share/java/jna.jar target/bindings/kotlin examples/kotlin/SendReceive.kt -include-runtime -d example.jar
//   java -cp example.jar:/usr/share/java/jna.jar -Djna.library.path=target/bindings/kotlin SendReceiveKt

import congvan.Attachment
import congvan.CongvanException
import congvan.Consumer
import congvan.Draft
import congvan.Event
import congvan.EventKind
import congvan.Node
import congvan.Options
import congvan.PracticeAgency
import congvan.practiceNetwork
import java.nio.file.Files
import java.time.Duration

const val PROVINCE = "000.00.00.H55"
const val FINANCE = "000.00.01.H55"

/** The first event that is wanted; it and all before it are acknowledged. */
fun Consumer.waitFor(wanted: (EventKind) -> Boolean): Event {
    while (true) {
        val event = next(Duration.ofSeconds(60)) ?: error("nothing came")
        acknowledge(event.number)
        if (wanted(event.what)) return event
    }
}

fun main() {
    val dir = Files.createTempDirectory("congvan")
    // A network to practise in. A real agency has its directory from `congvan agency create`.
    val agencies = listOf(PracticeAgency(PROVINCE, "UBND tỉnh Thái Nguyên"), PracticeAgency(FINANCE, "Sở Tài chính"))
    val (provinceDir, financeDir) = practiceNetwork("$dir/network", "Thái Nguyên", agencies)
    val finance = Node.start(Options(dir = financeDir, listen = listOf("/ip4/127.0.0.1/tcp/0")))
    val province = Node.start(Options(dir = provinceDir, bootstrap = finance.addresses()))

    val report = Files.writeString(dir.resolve("bao-cao.txt"), "Số liệu tháng 11\n")
    val draft = Draft(
        to = listOf(FINANCE), subject = "Báo cáo tháng 11", number = "12", notation = "BC-UBND",
        attachments = listOf(Attachment(file = report.toString(), mediaType = "text/plain")),
        key = "bao-cao-11",
    )
    val sent = province.send(draft)
    println("sent      ${sent.id} as number ${sent.number}")
    println("retried   ${sent.id}, repeated: ${province.send(draft).repeated}")

    // The other side, in its own software.
    val document = (finance.consumer("register").waitFor { it is EventKind.Received }.what as EventKind.Received).document
    println("received  ${document.summary.id} from ${document.summary.sender}: ${document.summary.subject}")
    // An attachment comes apart from its document; the node reports 01 once all are there.
    val followed = province.consumer("follow-up")
    followed.waitFor { it is EventKind.Reported && it.status.document == sent.id }
    finance.saveAttachment(sent.id, 0u, "$dir/received.txt")
    print("saved     ${Files.readString(dir.resolve("received.txt"))}")
    finance.report(sent.id, "03", note = "Đã tiếp nhận")
    try {
        finance.report(sent.id, "13")
    } catch (error: CongvanException.Rule) {
        println("refused   ${error.message}")
    }

    // Back at the sender.
    val status = (followed.waitFor { it is EventKind.Reported && it.status.status == "03" }.what as EventKind.Reported).status
    println("status    ${status.status} ${status.meaningVi}: ${status.note}")
    province.shutdown()
    finance.shutdown()
    try {
        finance.inbox()
    } catch (error: CongvanException.Stopped) {
        println("stopped   ${error.message}")
    }
}
