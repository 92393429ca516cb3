"""The texts of tickets in Directus, by key; operators may change them there."""

LANGUAGES = ("en-US", "en-GB", "de-DE", "fr-FR", "es-ES", "pt-BR", "ja-JP")


def label(key: str) -> list[dict[str, str]]:
    """Return the label of a field as Directus keeps it: a key in every language."""
    return [{"language": code, "translation": f"$t:{key}"} for code in LANGUAGES]


def _texts(english: str, *others: str) -> dict[str, str]:
    return dict(zip(LANGUAGES, (english, english, *others), strict=True))


TEXTS = {
    "tickets_number": _texts("Number", "Nummer", "Numéro", "Número", "Número", "番号"),
    "tickets_owner": _texts(
        "Customer", "Kundin oder Kunde", "Client", "Cliente", "Cliente", "お客様"
    ),
    "tickets_subject": _texts(
        "Subject", "Betreff", "Objet", "Asunto", "Assunto", "件名"
    ),
    "tickets_subject_short": _texts(
        "Please use at least five characters.",
        "Bitte mindestens fünf Zeichen verwenden.",
        "Veuillez saisir au moins cinq caractères.",
        "Escriba al menos cinco caracteres.",
        "Use pelo menos cinco caracteres.",
        "5文字以上で入力してください。",
    ),
    "tickets_product": _texts(
        "Product", "Produkt", "Produit", "Producto", "Produto", "製品"
    ),
    "tickets_description": _texts(
        "Description", "Beschreibung", "Description", "Descripción", "Descrição", "内容"
    ),
    "tickets_attachment": _texts(
        "Picture", "Bild", "Image", "Imagen", "Imagem", "画像"
    ),
    "tickets_status": _texts(
        "Status", "Status", "Statut", "Estado", "Situação", "状況"
    ),
    "tickets_open": _texts("Open", "Offen", "Ouvert", "Abierto", "Aberto", "受付中"),
    "tickets_answered": _texts(
        "Answered", "Beantwortet", "Répondu", "Respondido", "Respondido", "回答済み"
    ),
    "tickets_closed": _texts(
        "Closed", "Geschlossen", "Fermé", "Cerrado", "Fechado", "終了"
    ),
    "tickets_reply": _texts(
        "Answer", "Antwort", "Réponse", "Respuesta", "Resposta", "回答"
    ),
    "tickets_created": _texts(
        "Created", "Erstellt", "Créé", "Creado", "Criado em", "作成日時"
    ),
    "tickets_updated": _texts(
        "Last change",
        "Letzte Änderung",
        "Dernière modification",
        "Último cambio",
        "Última alteração",
        "最終更新日時",
    ),
    "products_name": _texts("Name", "Name", "Nom", "Nombre", "Nome", "名称"),
}
