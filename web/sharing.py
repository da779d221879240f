"""The panel of the map with everything that an editor takes along: code, picture, words, data."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from types import MappingProxyType

from web.embed_question import FACTS, EmbedQuestion, query_of
from web.map_panel import calm, environment
from web.static_files import asset_url

#: More districts than this are not offered in a list.
MOST_DISTRICTS = 300

WORDS: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        "zh": MappingProxyType(
            {
                "open": "分享与嵌入",
                "heading": "把这张图放进文章",
                "close": "关闭",
                "title": "标题（可不填）",
                "width": "宽度",
                "full_width": "自适应 100%",
                "height": "高度",
                "theme": "外观",
                "auto": "跟随读者设备",
                "light": "浅色",
                "dark": "深色",
                "lang": "语言",
                "district": "先显示",
                "everywhere": "全部范围",
                "freeze": "冻结这份数据",
                "freeze_note": "文章里的图以后不再变，并注明数据日期；不勾选则随数据更新。",
                "script": "附带自动调整高度的脚本",
                "script_note": "可不附带；编辑系统不许用脚本时请不要勾选。",
                "frame": "嵌入代码",
                "copy_code": "复制代码",
                "preview": "预览",
                "picture": "图片（印刷、公众号）",
                "text": "文字",
                "bulletin": "可粘贴的简报",
                "data": "数据下载",
                "here": "只要画面里的部分",
                "stations": "驿站",
                "gaps": "服务空白",
                "regions": "区划",
                "copied": "代码已复制",
                "select": "代码已选中，请按 Ctrl+C（Mac 按 ⌘C）复制",
                "freezing": "正在冻结数据……",
                "full": "数据没能冻结，代码未复制。请去掉“冻结这份数据”，或联系本站管理员。",
            }
        ),
        "en": MappingProxyType(
            {
                "open": "Share and embed",
                "heading": "Use this map in an article",
                "close": "Close",
                "title": "Title (optional)",
                "width": "Width",
                "full_width": "Fluid, 100%",
                "height": "Height",
                "theme": "Look",
                "auto": "Automatic",
                "light": "Light",
                "dark": "Dark",
                "lang": "Language",
                "district": "Begin with",
                "everywhere": "Everything",
                "freeze": "Freeze these data",
                "freeze_note": "The map will not change any more and states its date; "
                "otherwise it follows the data.",
                "script": "With a script that fits the height",
                "script_note": "Optional; leave it out where scripts are not allowed.",
                "frame": "Code to embed",
                "copy_code": "Copy the code",
                "preview": "Preview",
                "picture": "Picture (for print)",
                "text": "Words",
                "bulletin": "Bulletin, to be pasted",
                "data": "Data",
                "here": "Only what is on the screen",
                "stations": "Stations",
                "gaps": "Gaps",
                "regions": "Districts",
                "copied": "The code has been copied",
                "select": "The code is selected: press Ctrl+C (⌘C on a Mac) to copy it",
                "freezing": "Freezing the data …",
                "full": "The data could not be frozen and the code was not copied. Do not freeze, "
                "or ask whoever runs this site.",
            }
        ),
    }
)


def share_panel(
    question: EmbedQuestion,
    facts: tuple[str, str, datetime | None],
    lang: str,
    districts: Sequence[tuple[str, str]],
) -> str:
    """Return the panel as HTML, everything escaped.

    Parameters
    ----------
    question : EmbedQuestion
        What the map shows.
    facts : tuple of (str, str, datetime or None)
        The map's title, the version of its dataset, and when the question leaves.
    lang : str
        ``zh`` or ``en``.
    districts : sequence of (str, str)
        Ids and names to begin with.

    Returns
    -------
    str
        HTML without scripts; ``share.js`` wakes it.
    """
    title, version, moment = facts
    return calm(
        environment()
        .get_template("share_panel.html")
        .render(
            t=WORDS[lang],
            lang=lang,
            title=title,
            version=version,
            at=moment.isoformat() if moment else "",
            query=query_of(question, (*FACTS, "base")),
            districts=districts if len(districts) <= MOST_DISTRICTS else (),
            asset=asset_url,
        )
    )
